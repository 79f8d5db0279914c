import { describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../src/index.ts';
import { createTelemetry } from '../../src/node/index.ts';

const good = { endpoint: 'http://127.0.0.1/t', key: 'k' };
const create = (options: unknown): unknown => createTelemetry(options as typeof good);

describe('createTelemetry', () => {
  it.each([
    ['nothing', undefined, /options: expected .*object, got undefined/],
    [
      'a relative endpoint',
      { ...good, endpoint: '/api' },
      /endpoint: expected an absolute http or https URL/,
    ],
    ['another protocol', { ...good, endpoint: 'ftp://x/' }, /endpoint/],
    ['no key', { endpoint: good.endpoint }, /key: expected string, got undefined/],
    ['a key that no header can carry', { ...good, key: 'a\nb' }, /key: expected printable ASCII/],
    ['a misspelt key', { ...good, onDropped: () => {} }, /onDropped: there is no such option/],
    [
      'a misspelt inner key',
      { ...good, queue: { maxEvent: 1 } },
      /queue.maxEvent: there is no such option/,
    ],
    [
      'no room',
      { ...good, queue: { maxEvents: 0 } },
      /queue.maxEvents: expected a whole number of 1 or more, got 0/,
    ],
    ['half an event', { ...good, batch: { maxEvents: 1.5 } }, /batch.maxEvents: .*got 1.5/],
    [
      'no duration',
      { ...good, batch: { interval: '5 sec' } },
      /batch.interval: expected a duration .* 0 ms or more.*got '5 sec'/,
    ],
    [
      'a timer that would fire at once',
      { ...good, batch: { interval: '30d' } },
      /at most 24 days, .*got '30d'/,
    ],
    [
      'a timeout of 0',
      { ...good, requestTimeout: 0 },
      /requestTimeout: expected a duration .* 1 ms or more/,
    ],
    [
      'a callback that is none',
      { ...good, onDrop: 'log' },
      /onDrop: expected a function, got 'log'/,
    ],
    [
      'half a clock',
      { ...good, clock: { now: () => 0 } },
      /clock: expected an object with now\(\), monotonic\(\)/,
    ],
    ['a logger without warn', { ...good, logger: {} }, /logger: expected an object with warn\(\)/],
    ['a rate above 1', { ...good, sample: 1.5 }, /sample: /],
    ['a rate that is none', { ...good, sample: { ping: '1' } }, /sample/],
    ['a consent that is none', { ...good, consent: 'yes' }, /consent: /],
    ['an empty key to redact', { ...good, redact: [''] }, /redact/],
    ['a key to redact that is none', { ...good, redact: [5] }, /redact/],
    ['an overflow that is none', { ...good, queue: { overflow: 'block' } }, /queue.overflow: /],
    ['a gzip threshold of true', { ...good, batch: { gzipFrom: true } }, /batch.gzipFrom: /],
    ['a beforeSend that is none', { ...good, beforeSend: {} }, /beforeSend: expected a function/],
    ['a context that is none', { ...good, context: 'user' }, /context: expected an object/],
    [
      'a context that cannot be read',
      {
        ...good,
        context: {
          toJSON: () => {
            throw new Error('no');
          },
        },
      },
      /context: expected JSON/,
    ],
  ])('refuses %s', (_name, options, message) => {
    expect(() => create(options)).toThrow(InvalidOptionsError);
    expect(() => create(options)).toThrow(message);
  });

  it('names all faults at once', () => {
    expect(() => create({ endpoint: 'x', key: '', retry: { budget: -1 }, rety: {} })).toThrow(
      /endpoint: .*key: .*retry\.budget: .*rety: /,
    );
  });

  it('takes what is valid', () => {
    const options = {
      sample: { ping: 0, '*': 1 },
      redact: ['a', /b/g],
      batch: { gzipFrom: false },
    };
    expect(() => create({ ...good, ...options, consent: 'denied' })).not.toThrow();
  });

  it('prints no secret', () => {
    const options = {
      endpoint: 'https://user:hunter2@host/',
      key: 'top secret',
      context: 'hunter2',
    };
    const error = (() => {
      try {
        return create(options);
      } catch (thrown) {
        return thrown;
      }
    })() as Error;
    expect(error.message).toContain('without user and password');
    expect(error.message).not.toMatch(/hunter2|top secret/);
  });
});
