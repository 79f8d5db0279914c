import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { describeError } from '../src/describe-error.ts';
import { createRecentErrors } from '../src/recent-errors.ts';
import { setUp } from './setup.ts';

const thrower = (): never => {
  throw new Error('gotcha');
};
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();
const circular: Record<string, unknown> = {};
circular['self'] = circular;
circular['message'] = circular;
const callableWithGetters = Object.defineProperty(() => {}, 'name', { get: thrower });

const HOSTILE: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['a number', Number.NaN],
  ['a symbol', Symbol('secret')],
  ['a huge bigint', 2n ** 1_000_000n],
  ['an empty string', ''],
  ['a circular object', circular],
  ['an object without prototype', Object.create(null)],
  ['a throwing getter', Object.defineProperty({}, 'message', { get: thrower })],
  ['a throwing toString', { message: { toString: thrower }, toString: thrower }],
  ['a revoked proxy', revoked],
  ['a proxy whose traps throw', new Proxy({}, { get: thrower, ownKeys: thrower, has: thrower })],
  ['a function', callableWithGetters],
  ['a lone surrogate', new Error('\ud800')],
  ['a stack that throws', Object.defineProperty(new Error('x'), 'stack', { get: thrower })],
  ['a cause that is itself', Object.assign(new Error('x'), { cause: circular })],
];

describe('error()', () => {
  it.each(HOSTILE)('takes %s, as error and as labels', async (_, value) => {
    const { alerts, ops, eventsOf } = setUp();
    for (let index = 0; index < 4; index += 1) {
      expect(alerts.error(value, value as never)).toBeUndefined();
    }
    expect(alerts.active()).toHaveLength(1);
    expect(eventsOf('fault')).toEqual([]);
    await alerts.close();
    expect(JSON.parse(ops.messages[0]?.body ?? '').data.samples).toHaveLength(1);
  });

  it('keeps nothing of the megabytes of a message, and never builds a stack', async () => {
    let stackReads = 0;
    const { alerts, ops } = setUp();
    for (let index = 0; index < 4; index += 1) {
      const error = new Error(`${'long '.repeat(1_000_000)}${index}`);
      Object.defineProperty(error, 'stack', { get: () => (stackReads += 1) });
      alerts.error(error, { route: 'r'.repeat(5_000_000) });
    }
    await alerts.close();
    expect(stackReads).toBe(0);
    expect(ops.messages[0]?.body.length).toBeLessThan(1_500);
  });

  it('lets go of the megabytes themselves', () => {
    const program = `
      import { createAlerts, spike } from '@ops/alerts';
      const none = { kind: 'none', send: async () => {} };
      const alerts = createAlerts({
        service: 's', environment: 'e', channels: { none },
        rules: { spike: spike({ over: 9, within: '1h' }) }, routes: [{ to: ['none'] }],
      });
      const used = () => { gc(); gc(); return process.memoryUsage().heapUsed; };
      const before = used();
      for (let index = 0; index < 64; index += 1) {
        const text = Buffer.alloc(1e6, 97 + (index % 26)).toString('latin1');
        alerts.error(new Error(text), { route: text.slice(0, 50) });
      }
      const grown = used() - before;
      console.log(grown < 8e6 ? 'bounded' : grown);
      await alerts.close();`;
    const { stdout } = spawnSync(
      process.execPath,
      ['--expose-gc', '--input-type=module-typescript', '--eval', program],
      { cwd: `${import.meta.dirname}/..`, encoding: 'utf8', timeout: 60_000 },
    );
    expect(stdout).toBe('bounded\n');
  });

  it('holds what it holds, after a million distinct messages', () => {
    const recent = createRecentErrors();
    for (let index = 0; index < 1_000_000; index += 1) {
      recent.add(`failure ${String.fromCharCode(97 + (index % 26))}`, undefined, index);
    }
    const samples = recent.samples(0);
    expect(samples).toHaveLength(5);
    // All it knows of are the last 64.
    expect(samples.every((sample) => sample.count <= 3)).toBe(true);
  });

  it('does not hold up on the worst text for its patterns', () => {
    const recent = createRecentErrors();
    const seeds = [
      'a',
      '1',
      'a-',
      'a.',
      'token',
      'token=',
      'token\\',
      'token="\\',
      'pass"',
      '@',
      'a@a.',
      '://',
      '"',
      ' ',
      '-----BEGIN',
    ];
    let steps = 0;
    for (const seed of seeds) {
      for (let index = 0; index < 64; index += 1) {
        recent.add(`${index}${seed.repeat(1_000)}`, undefined, 1);
      }
      steps += recent.samples(0).length;
    }
    // Quadratic patterns would take minutes here, and run into the test's time limit.
    expect(steps).toBeGreaterThan(0);
  });
});

describe('describeError', () => {
  it('names and tells, within 1,000 characters', () => {
    expect(describeError(new TypeError('no'))).toBe('TypeError: no');
    expect(describeError('text')).toBe('text');
    expect(describeError({ message: 'bare' })).toBe('bare');
    expect(describeError(new Error('x'.repeat(5_000))).length).toBeLessThanOrEqual(1_010);
  });

  it('cuts between words, so that no half of a secret escapes recognition', () => {
    const text = describeError(`${'a '.repeat(490)}password=hunter2-and-more`);
    expect(text).not.toContain('hunter2');
    expect(text.endsWith('a …')).toBe(true);
  });
});
