import { describe, expect, test } from 'vitest';
import { createHealth } from '../src/index.ts';
import { readFailure, readOutcome } from '../src/reading.ts';

const plain = (text: string) => text;
const circular: Record<string, unknown> = { status: 'pass' };
circular['value'] = circular;
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();

describe('what a check returns', () => {
  test.each([
    [undefined, { status: 'pass', code: 'ok' }],
    [{}, { status: 'pass', code: 'ok' }],
    [
      { value: 3, unit: 'ms' },
      { status: 'pass', code: 'ok', value: 3, unit: 'ms' },
    ],
    [{ status: 'warn' }, { status: 'warn', code: 'threshold' }],
    [{ status: 'fail' }, { status: 'fail', code: 'error' }],
    [
      { status: 'fail', code: 'saturated' },
      { status: 'fail', code: 'saturated' },
    ],
  ])('%o', (outcome, reading) => {
    expect(readOutcome(outcome, plain)).toEqual(reading);
  });

  test.each([
    ['null', null],
    ['false', false],
    ['true', true],
    ['a number', 0],
    ['a string', 'ok'],
    ['an array', []],
    ['a status of another library', { status: 'up' }],
    ['a status in capitals', { status: 'PASS' }],
    ['a key that is not known', { rows: [], rowCount: 0 }],
    ['a misspelt key', { stats: 'fail' }],
    ['a code that is not known', { status: 'fail', code: 'secret-code' }],
    ['a failing code with pass', { code: 'refused' }],
    ['ok with fail', { status: 'fail', code: 'ok' }],
    ['NaN', { value: Number.NaN }],
    ['a circular value', circular],
    ['a huge value', { value: 'x'.repeat(10_000_000) }],
    ['a bigint', { value: 1n }],
    ['a long unit', { value: 1, unit: 'x'.repeat(65) }],
    [
      'a getter that throws',
      {
        get status() {
          throw new Error('no');
        },
      },
    ],
    ['a revoked proxy', revoked],
  ])('%s is a fail, never a pass', (_, outcome) => {
    const reading = readOutcome(outcome, plain);
    expect(reading).toMatchObject({ status: 'fail', code: 'invalid_result' });
    expect(String(reading.message).length).toBeLessThan(200);
  });

  test('a getter that answers differently the second time is read once', () => {
    let readCount = 0;
    const outcome = {
      get status() {
        readCount += 1;
        return readCount === 1 ? 'fail' : 'garbage';
      },
    };
    expect(readOutcome(outcome, plain)).toMatchObject({ status: 'fail', code: 'error' });
  });
});

describe('what a check throws', () => {
  test.each([
    ['an error', new Error('down'), 'down'],
    ['a string', 'down', 'down'],
    ['nothing', undefined, 'undefined was thrown'],
    ['null', null, 'null was thrown'],
    ['a number', 7, 'a number was thrown'],
    ['an object', { toString: () => 'x' }, 'an error without a message'],
    [
      'an error whose message throws',
      Object.defineProperty(new Error('a'), 'message', {
        get() {
          throw new Error('b');
        },
      }),
      'an error without a message',
    ],
    [
      'an error with errors that cannot be read',
      Object.assign(new Error('a'), { errors: revoked }),
      'what was thrown cannot be read',
    ],
    [
      'a refused connection without a message',
      Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }),
      'ECONNREFUSED',
    ],
  ])('%s', (_, thrown, message) => {
    expect(readFailure(thrown, plain)).toMatchObject({ status: 'fail', message });
  });
});

/** A promise of another kind, whose `then` throws. */
const thenable: unknown = new Proxy(
  {},
  {
    get: () => () => {
      throw new Error('in then');
    },
  },
);

test('every way to misbehave has its result in the report', async () => {
  const health = createHealth({
    checks: {
      throws: () => {
        throw new Error('at once');
      },
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- a check may do it
      rejects: () => Promise.reject(7),
      thenable: () => thenable as undefined,
      garbage: () => 'yes' as unknown as undefined,
    },
  });
  const { checks } = await health.check();
  expect(Object.values(checks).map(({ status, code }) => [status, code])).toEqual([
    ['fail', 'error'],
    ['fail', 'error'],
    ['fail', 'error'],
    ['fail', 'invalid_result'],
  ]);
  await health.stop();
});
