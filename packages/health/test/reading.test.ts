import { describe, expect, test } from 'vitest';
import { createHealth } from '../src/index.ts';
import { readFailure, readOutcome } from '../src/reading.ts';
import { createRedactor } from '../src/redact.ts';

const plain = (text: string) => text;
const circular: Record<string, unknown> = { status: 'pass' };
circular['value'] = circular;
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();

const plainly = (fields: object) => ({
  measurement: undefined,
  status: 'pass',
  code: 'ok',
  value: undefined,
  unit: undefined,
  message: undefined,
  findings: [],
  ...fields,
});

describe('what a check returns', () => {
  test('nothing is a pass', () => {
    expect(readOutcome(undefined, plain)).toEqual({ status: 'pass', code: 'ok', measurements: [] });
  });

  test.each([
    [{}, {}],
    [{ value: 3, unit: 'ms' }, {}],
    [{ status: 'warn' }, { code: 'threshold' }],
    [{ status: 'fail' }, { code: 'error' }],
    [{ status: 'fail', code: 'saturated', message: 'all 10 are in use' }, {}],
    [{ measurement: 'utilization', value: 0.8 }, {}],
  ])('%o', (outcome, read) => {
    const measured = plainly({ ...outcome, ...read });
    const { status, code, message } = measured;
    expect(readOutcome(outcome, plain)).toEqual({
      status,
      code,
      message,
      measurements: [measured],
    });
  });

  test('of several measurements the first of the worst decides', () => {
    const reading = readOutcome(
      [
        { measurement: 'connections', value: 3 },
        { measurement: 'utilization', value: 0.97, status: 'warn', message: 'nearly full' },
        { status: 'warn', code: 'saturated' },
      ],
      plain,
    );
    expect(reading).toMatchObject({ status: 'warn', code: 'threshold', message: 'nearly full' });
    expect(reading.measurements.map(({ measurement, status }) => [measurement, status])).toEqual([
      ['connections', 'pass'],
      ['utilization', 'warn'],
      [undefined, 'warn'],
    ]);
  });

  test('findings keep their names, lose secrets, and are cut', () => {
    const name = 'sequence_exhaustion';
    const object = 'public.orders_customer_id_2024_01_31_idx';
    const findings = [
      { name, level: 'error', object, detail: 'password=c4nary', remediation: 'x'.repeat(8_000) },
    ];
    const reading = readOutcome({ status: 'warn', findings }, createRedactor([]));
    expect(reading.measurements[0]?.findings).toEqual([
      {
        name,
        level: 'error',
        object,
        detail: 'password=[redacted]',
        remediation: expect.any(String),
      },
    ]);
    const [finding] = reading.measurements[0]?.findings ?? [];
    expect(Buffer.byteLength(finding?.remediation ?? '')).toBe(512);
  });

  test('what was read cannot be changed by who gets it', () => {
    const reading = readOutcome({ findings: [] }, plain);
    expect(Object.isFrozen(reading.measurements[0])).toBe(true);
    expect(Object.isFrozen(reading.measurements[0]?.findings)).toBe(true);
  });

  test.each([
    ['null', null],
    ['false', false],
    ['true', true],
    ['a number', 0],
    ['a string', 'ok'],
    ['an empty array', []],
    ['a Response', new Response('down', { status: 500 })],
    ['a Map', new Map([['status', 'fail']])],
    ['a Date', new Date(0)],
    ['an error', new Error('down')],
    ['an array with something else in it', [{}, null]],
    ['an array of arrays', [[]]],
    ['an array with holes', Array.from({ length: 3 })],
    ['more measurements than there may be', Array.from({ length: 10_000_000 })],
    ['two measurements without a name', [{}, { status: 'warn' }]],
    ['two measurements of one name', [{ measurement: 'a' }, { measurement: 'a' }]],
    ['a measurement with a colon', { measurement: 'a:b' }],
    ['a message that is no string', { message: new Error('no') }],
    ['findings that are no array', { findings: {} }],
    ['more findings than there may be', { findings: Array.from({ length: 101 }) }],
    ['a finding that is none', { findings: [null] }],
    ['a finding of an unknown level', { findings: [{ name: 'a', level: 'bad', detail: '' }] }],
    [
      'a finding with a name of its own',
      { findings: [{ name: 'A b', level: 'info', detail: '' }] },
    ],
    [
      'a finding with another key',
      { findings: [{ name: 'a', level: 'info', detail: '', token: 'x' }] },
    ],
    ['a huge finding', { findings: [{ name: 'a', level: 'info', detail: 'x'.repeat(10_000) }] }],
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
