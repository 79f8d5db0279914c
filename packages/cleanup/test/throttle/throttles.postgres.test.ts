import { systemClock } from '@ops/timeout';
import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { inTransaction, type Query } from '../../src/database.ts';
import { longTransactions } from '../../src/throttle/long-transactions.ts';
import { replicationLag } from '../../src/throttle/replication-lag.ts';
import type { ThrottleContext } from '../../src/throttle/throttle.ts';
import { throttleWhen } from '../../src/throttle/throttle-when.ts';
import { walRate } from '../../src/throttle/wal-rate.ts';
import { createManualClock } from '../manual-clock.ts';

const db = useDatabase();
const LIMITS = { lockTimeoutMs: 1_000, statementTimeoutMs: 5_000, access: 'read only' } as const;

function context(clock = createManualClock()): ThrottleContext {
  const database = { pool: db.pool(), clock: systemClock, signal: undefined };
  const query: Query = (text, values) =>
    inTransaction(database, LIMITS, (inner) => inner(text, values));
  return { query, clock, signal: undefined };
}

/** Answers every statement with these rows: replicas cannot be had on a test server. */
function answering(rows: readonly Record<string, string | null>[]): ThrottleContext {
  return { query: () => Promise.resolve(rows), clock: createManualClock(), signal: undefined };
}

const replica = {
  name: 'b',
  state: 'streaming',
  lag_ms: '9000',
  behind_bytes: '1000',
};

describe('replicationLag', () => {
  test('lets go where there are no replicas, as the server says it', async () => {
    expect(await replicationLag({ max: '10s' }).check(context())).toEqual({ go: true });
  });

  test('holds back where a replica that is asked for is missing', async () => {
    const verdict = await replicationLag({ max: '10s', replicas: ['b'] }).check(context());
    expect(verdict).toEqual({ go: false, reason: 'replica b is not connected' });
  });

  test.each([
    ['within the limit', [replica], true],
    ['behind', [replica, { ...replica, name: 'c', lag_ms: '14000.4' }], false],
    [
      'a stale figure of one that has nothing left',
      [{ ...replica, lag_ms: '14000', behind_bytes: '0' }],
      true,
    ],
    ['only just written to', [{ ...replica, lag_ms: null }], true],
    ['catching up', [{ ...replica, state: 'catchup', lag_ms: null }], false],
    ['not to be seen', [{ ...replica, state: null, lag_ms: null, behind_bytes: null }], false],
  ])('%s', async (_, rows, go) => {
    expect(await replicationLag({ max: '10s' }).check(answering(rows))).toMatchObject({ go });
  });

  test('says how far', async () => {
    const rows = [{ ...replica, lag_ms: '14000.4' }];
    expect(await replicationLag({ max: '10s' }).check(answering(rows))).toEqual({
      go: false,
      reason: 'replica b lags 14000 ms, limit 10000 ms',
    });
  });
});

describe('walRate', () => {
  test('after a batch that wrote too much waits for as long as that takes at the rate', async () => {
    const clock = createManualClock();
    const at = (bytes: number): ThrottleContext => ({
      query: () => Promise.resolve([{ bytes: String(bytes) }]),
      clock,
      signal: undefined,
    });
    const throttle = walRate({ maxBytesPerSecond: 1_000_000 });
    expect(await throttle.check(at(5_000_000))).toEqual({ go: true });
    expect(await throttle.check(at(7_500_000))).toMatchObject({ go: false, retryAfterMs: 2_500 });
    clock.advance(2_499);
    expect(await throttle.check(at(7_500_000))).toMatchObject({ go: false, retryAfterMs: 1 });
    clock.advance(1);
    expect(await throttle.check(at(7_500_000))).toEqual({ go: true });
    // A quiet hour is worth one second, not an hour.
    clock.advance(3_600_000);
    expect(await throttle.check(at(7_500_000))).toEqual({ go: true });
    expect(await throttle.check(at(8_500_000))).toEqual({ go: true });
    expect(await throttle.check(at(8_600_000))).toMatchObject({ go: false });
  });

  test('reads the position of a real server', async () => {
    expect(await walRate({ maxBytesPerSecond: 1e12 }).check(context())).toEqual({ go: true });
  });
});

describe('longTransactions', () => {
  test('sees one that holds a snapshot, and its end', async () => {
    const throttle = longTransactions({ max: 1 });
    const holder = await db.pool({ application_name: 'report' }).connect();
    try {
      await holder.query('begin isolation level repeatable read; select 1');
      await holder.query('select pg_sleep(0.005)');
      const verdict = await throttle.check(context());
      expect(verdict).toMatchObject({ go: false });
      expect(JSON.stringify(verdict)).toMatch(
        /of report has had a snapshot for \d+ ms, limit 1 ms/,
      );
      expect(await longTransactions({ max: '1h' }).check(context())).toEqual({ go: true });
      await holder.query('commit');
      expect(await throttle.check(context())).toEqual({ go: true });
    } finally {
      holder.release();
    }
  });
});

describe('throttleWhen', () => {
  test.each<[string | boolean | undefined, boolean]>([
    ['queue is long', false],
    [true, false],
    [false, true],
    ['', true],
    [undefined, true],
  ])('%o', async (answer, go) => {
    const throttle = throttleWhen('queue', () => answer as string);
    expect(throttle.name).toBe('queue');
    expect(await throttle.check(context())).toMatchObject({ go });
  });
});

test.each([
  ['replicationLag: max', () => replicationLag({ max: 0 })],
  ['replicationLag: replicas', () => replicationLag({ max: 1, replicas: [''] })],
  ['walRate: maxBytesPerSecond', () => walRate({ maxBytesPerSecond: 1 })],
  ['longTransactions: max', () => longTransactions({ max: -1 })],
  ['throttleWhen', () => throttleWhen('', () => false)],
])('a wrong option is named: %s', (name, make) => {
  expect(make).toThrow(name);
});
