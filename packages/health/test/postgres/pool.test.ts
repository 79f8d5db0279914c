import { InvalidOptionsError } from '@ops/timeout';
import { expect, test } from 'vitest';
import { createHealth } from '../../src/index.ts';
import { type PoolCounters, postgres } from '../../src/postgres/index.ts';
import { lookOnce } from './look.ts';

const counters = (used: number, waitingCount = 0, max: number | undefined = 10): PoolCounters => ({
  totalCount: used + 1,
  idleCount: 1,
  waitingCount,
  options: { max },
});

test.each([
  [counters(7), { status: 'pass', code: 'ok', value: 0.7 }],
  [counters(8), { status: 'warn', code: 'saturated', value: 0.8 }],
  [counters(1, 1), { status: 'warn', code: 'saturated', value: 0.1 }],
  [
    counters(2, 0, 2),
    { status: 'warn', value: 1, message: '2 of 2 connections are in use, 0 callers wait' },
  ],
  [
    { totalCount: 9, idleCount: 0, waitingCount: 0 },
    { status: 'warn', value: 0.9 },
  ],
  [
    { totalCount: 0, idleCount: 0, waitingCount: 0, options: { max: null } },
    { status: 'pass', value: 0 },
  ],
])('%o: %o', async (pool, expected) => {
  expect(await lookOnce(postgres.pool(pool))).toMatchObject(expected);
});

test('the counters are read each time, and a full pool fails nothing', async () => {
  const pool = { ...counters(0), totalCount: 1 };
  const check = postgres.pool(pool, { warn: 0.5 });
  await using health = createHealth({ checks: { pool: { ...check, ttl: 0.001 } } });
  expect((await health.check()).status).toBe('pass');
  pool.totalCount = 11;
  const report = await health.check();
  expect(report.status).toBe('warn');
  expect(report.checks.pool.code).toBe('saturated');
});

test('it may be in live: it asks nothing of anyone', () => {
  expect(postgres.pool(counters(0)).external).toBeUndefined();
});

test('what is no pool, and no share, is refused', () => {
  expect(() => postgres.pool({} as PoolCounters)).toThrow(InvalidOptionsError);
  expect(() => postgres.pool(counters(0), { warn: 0 })).toThrow(
    /warn: expected a number more than 0/,
  );
  expect(() => postgres.pool(counters(0), { warm: 1 } as object)).toThrow(/warm: there is no such/);
});
