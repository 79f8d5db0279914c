import type { Pool, PoolClient } from 'pg';
import {
  count,
  createMetrics,
  defineRollup,
  distinct,
  type Metrics,
  type MetricsOptions,
  max,
  min,
  quantile,
  sum,
} from '../../src/rollups/index.ts';

const measures = {
  n: count(),
  ms: sum('duration_ms'),
  fastest: min('duration_ms'),
  slowest: max('duration_ms'),
  p: quantile('duration_ms'),
  users: distinct('user_id'),
};

/** A table whose rows only come. */
export const appended = defineRollup('executions', {
  from: 'executions',
  time: 'started_at',
  grain: ['hour', 'day', 'month'],
  dimensions: ['workflow_id', 'status'],
  totals: [['status'], []],
  measures,
  mode: 'append',
});

/** The same table when rows change. */
export const changing = defineRollup('executions', {
  from: 'executions',
  time: 'started_at',
  grain: ['hour', 'day', 'month'],
  dimensions: ['workflow_id', 'status'],
  totals: [['status'], []],
  measures,
  mode: 'dirty-buckets',
});

/** Both have the same type. */
export type ExecutionsRollup = typeof appended;

export async function createExecutions(pool: Pool): Promise<void> {
  await pool.query(`
create table executions (
  id bigint generated always as identity primary key,
  workflow_id text,
  status text,
  started_at timestamptz,
  duration_ms int,
  user_id int,
  xid xid8 not null default pg_current_xact_id()
);
create index on executions (started_at);
create index on executions (xid);`);
}

export function metricsOf<const R extends ExecutionsRollup>(
  pool: Pool,
  schema: string,
  rollup: R,
  options: Partial<MetricsOptions> = {},
): Metrics<readonly [R]> {
  return createMetrics({ pool, schema, rollups: [rollup], ...options } as MetricsOptions<
    readonly [R]
  >);
}

/** Counts, sums and extremes by status, as the raw rows of a range have them. */
const RAW = `
select status, count(*)::int as n, sum(duration_ms)::float8 as ms,
  min(duration_ms) as fastest, max(duration_ms) as slowest
from executions
where started_at >= $1
  and started_at < $2
group by status
order by status`;

/** `rows` rows over 60 days that end now, from the server's random numbers with a seed. */
export async function insertExecutions(pool: Pool, rows: number, seed = 0.5): Promise<void> {
  await pool.query(`select setseed(${seed})`);
  await pool.query(
    `insert into executions (workflow_id, status, started_at, duration_ms, user_id)
select
  'w' || (random() * 9)::int,
  (array['success', 'error', null])[1 + (random() * 2)::int],
  date_trunc('hour', now()) - random() * interval '60 days',
  case when random() < 0.9 then (exp(random() * 10))::int end,
  (random() * 500)::int
from generate_series(1, $1)`,
    [rows],
  );
}

/**
 * Runs `work` in one snapshot: what it reads through the pool it is given, and what it asks of the
 * client, are of the same moment.
 */
async function inSnapshot<T>(
  pool: Pool,
  work: (frozen: MetricsOptions['pool'], client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('begin isolation level repeatable read');
    const frozen = {
      // Transactions of the code under test become part of ours.
      connect: async () => ({
        query: async (text: string, values?: unknown[]) =>
          /^(?:begin|commit)/.test(text) ? { rows: [] } : client.query(text, values),
        release: () => {},
      }),
    };
    return await work(frozen, client);
  } finally {
    await client.query('rollback');
    client.release();
  }
}

/** What the rollup and what the raw rows say at one moment, of all time and of an odd range. */
export async function compare(
  pool: Pool,
  schema: string,
  rollup: ExecutionsRollup,
): Promise<{ readonly rollup: unknown; readonly raw: unknown }> {
  return inSnapshot(pool, async (frozen, client) => {
    const metrics = createMetrics({ pool: frozen, schema, rollups: [rollup] });
    const ranges = [
      [new Date(Date.now() - 70 * DAY_MS), new Date(Date.now() + 10 * DAY_MS)],
      [new Date(Date.now() - 33.3 * DAY_MS), new Date(Date.now() - 0.05 * DAY_MS)],
    ] as const;
    const answers = { rollup: [] as unknown[], raw: [] as unknown[] };
    for (const [from, to] of ranges) {
      const rows = await metrics.query('executions', {
        from,
        to,
        groupBy: ['status'],
        measures: ['n', 'ms', 'fastest', 'slowest'],
      });
      answers.rollup.push(
        rows.map(({ status, n, ms, fastest, slowest }) => ({ status, n, ms, fastest, slowest })),
      );
      answers.raw.push((await client.query(RAW, [from, to])).rows);
      const daily = {
        from,
        to,
        grain: 'day',
        measures: ['n'],
        where: { workflow_id: 'w1' },
      } as const;
      const days = await metrics.query('executions', daily);
      answers.rollup.push(days.map(({ bucket, n }) => ({ bucket, n })));
      answers.raw.push((await client.query(DAILY, [from, to])).rows);
    }
    return answers;
  });
}

const DAY_MS = 86_400_000;
const DAILY = `
select date_trunc('day', started_at, 'UTC') as bucket, count(*)::int as n
from executions
where started_at >= $1
  and started_at < $2
  and workflow_id = 'w1'
group by 1
order by 1`;

/**
 * Refreshes until nothing is left. Other tests on the same server have transactions open, too, which
 * hold rows of `append` back.
 */
export async function catchUp(metrics: Pick<Metrics, 'refresh' | 'lag'>): Promise<void> {
  for (;;) {
    await metrics.refresh();
    const [lag] = await metrics.lag();
    if (lag?.pending === 0 && !lag.isBuilding) return;
  }
}
