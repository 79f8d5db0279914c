import { describe, expect, test } from 'vitest';
import { type CleanupOptions, createCleanup, InvalidOptionsError, sql } from '../src/index.ts';
import { parseOptions, parseRunOptions } from '../src/parse-options.ts';

const pool = { connect: () => Promise.reject(new Error('not reached')), password: 'hunter2' };
const policies = { a: { table: 'a', olderThan: { column: 'at', age: '90d' } } } as const;

function messageOf(work: () => unknown): string {
  let thrown: unknown;
  try {
    work();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(InvalidOptionsError);
  expect(thrown).toMatchObject({ name: 'InvalidOptionsError', code: 'ERR_OPS_INVALID_OPTIONS' });
  return (thrown as Error).message;
}

describe('createCleanup options', () => {
  test('the defaults are those in the documentation', () => {
    expect(parseOptions({ pool, policies })).toMatchObject({
      pace: {
        targetMs: 50,
        dutyCycle: 0.25,
        maxBatch: 10_000,
        maxBatchBytes: 16_000_000,
        lockTimeoutMs: 100,
        statementTimeoutMs: 5_000,
      },
      name: 'default',
      holds: [],
      throttles: [],
      history: { schema: 'ops_cleanup', keepMs: 400 * 86_400_000 },
      policies: {
        a: {
          table: 'a',
          rule: { type: 'older-than', column: 'at', ageMs: 90 * 86_400_000, agePer: undefined },
          outcome: { type: 'delete' },
          maxShare: 0.5,
          keepAtLeast: 0,
        },
      },
    });
    expect(parseRunOptions({})).toEqual({
      plan: undefined,
      accept: undefined,
      policies: undefined,
      budgetMs: Infinity,
      budgetRows: Infinity,
      signal: undefined,
    });
  });

  test('every mistake is named, with what came and what was expected', () => {
    const options = {
      pool: 'postgres://app:p@/hunter2@db/app',
      policies: {
        good: policies.a,
        '2nd': policies.a,
        wrong: {
          table: 'a.b.c',
          olderThen: { column: 'at' },
          olderThan: { column: '', age: '30m', zone: '' },
          where: 'true',
          safety: { maxShare: 0 },
        },
      },
      pace: { targetMs: 0, dutyCycle: 2, maxBatch: 1.5, lockTimeout: '1 minute' },
      onEvents: () => {},
      clock: {},
    };
    const message = messageOf(() => createCleanup(options as never));
    for (const part of [
      'pool: expected an object with connect(), got',
      'policies.2nd: expected a name of a letter, then letters, digits, _ and -',
      "policies.wrong.table: expected 'table' or 'schema.table', each name at most 63 bytes, got 'a.b.c'",
      'policies.wrong.olderThen: there is no such option, expected one of table, olderThan, inactiveFor, orphanOf, minAge, where, keepLast, holds, archive, softDelete, partitions, safety',
      "policies.wrong.olderThan.column: expected the name of a column, got ''",
      "policies.wrong.olderThan.age: expected a duration ('250ms', '5s', '90d', or milliseconds) of 3600000 ms or more and at most 36500 days, got '30m'",
      "policies.wrong.olderThan.zone: expected the name of a time zone, got ''",
      "policies.wrong.where: expected a fragment made by sql`…`, got 'true'",
      'policies.wrong.safety.maxShare: expected a number above 0, up to 1, got 0',
      'pace.targetMs: expected a number from 1 to 10000, got 0',
      'pace.dutyCycle: expected a number from 0.01 to 1, got 2',
      'pace.maxBatch: expected a whole number from 1 to 100000, got 1.5',
      "pace.lockTimeout: expected a duration ('250ms', '5s', '90d', or milliseconds) of 1 ms or more and at most 600000 ms, got '1 minute'",
      'onEvents: there is no such option, expected one of pool, name, policies, holds, pace, throttle, history, onEvent, logger, clock, random',
      'clock: expected an object with now()',
    ]) {
      expect(message).toContain(part);
    }
    expect(message).not.toContain('hunter2');
  });

  test.each<[string, object, string]>([
    ['no options', {}, 'pool: expected an object with connect(), got undefined'],
    ['no policies', { pool, policies: {} }, 'policies: expected at least one policy'],
    [
      '90 for 90 days',
      { pool, policies: { a: { table: 'a', olderThan: { column: 'at', age: 90 } } } },
      'got 90',
    ],
    [
      'an age that reaches before Christ',
      { pool, policies: { a: { table: 'a', olderThan: { column: 'at', age: '800000d' } } } },
      "got '800000d'",
    ],
    [
      'locks awaited longer than statements run',
      { pool, policies, pace: { lockTimeout: '5s' } },
      'pace.lockTimeout: expected a time shorter than statementTimeout',
    ],
    [
      'a fragment from JSON',
      { pool, policies: { a: { ...policies.a, where: JSON.parse(JSON.stringify(sql`true`)) } } },
      'got an object',
    ],
  ])('refuses %s', (_, options, expected) => {
    expect(messageOf(() => createCleanup(options as CleanupOptions))).toContain(expected);
  });

  test('a name that every object has is a name like others', () => {
    const { policies: parsed } = parseOptions({ pool, policies: { constructor: policies.a } });
    expect(Object.keys(parsed)).toEqual(['constructor']);
  });
});

test('run and plan reject on a wrong option', async () => {
  const cleanup = createCleanup({ pool, policies });
  await expect(cleanup.run({ budget: { rows: 0 }, plans: 1 } as never)).rejects.toThrow(
    /budget\.rows: expected a whole number from 1 .* got 0.*plans: there is no such option|plans: there is no such option.*budget\.rows/,
  );
  await expect(cleanup.run({ plan: { policies: { a: { hash: 'x' } } } as never })).rejects.toThrow(
    /plan: expected what plan\(\) returned, got an object/,
  );
  await expect(cleanup.plan({ signal: 'stop' } as never)).rejects.toThrow(/an AbortSignal/);
});

describe('options of calls', () => {
  const cleanup = createCleanup({ pool, policies });
  const runId = '7f647203-d701-47c7-b89c-fc88ccf27717';

  test.each([
    ['undo', { sigal: 1 }, 'cleanup.undo: sigal: there is no such option'],
    ['undo', { signal: 'no' }, 'cleanup.undo: signal: expected an AbortSignal'],
    ['restore', { polcy: 'a' }, 'cleanup.restore: polcy: there is no such option'],
    ['restore', { into: '' }, "cleanup.restore: into: expected 'table' or 'schema.table'"],
    ['restore', { signal: 1 }, 'cleanup.restore: signal: expected an AbortSignal'],
  ] as const)(
    '%s: what is none is refused before the database is asked',
    async (verb, options, words) => {
      await expect(cleanup[verb](runId, options as never)).rejects.toMatchObject({
        code: 'ERR_OPS_INVALID_OPTIONS',
        message: expect.stringContaining(words),
      });
    },
  );

  test('stream: a signal that is none is refused at the first item', async () => {
    const items = cleanup.stream({ signal: 'no' as never })[Symbol.asyncIterator]();
    await expect(items.next()).rejects.toMatchObject({
      code: 'ERR_OPS_INVALID_OPTIONS',
      message: expect.stringContaining('signal: expected an AbortSignal'),
    });
  });
});
