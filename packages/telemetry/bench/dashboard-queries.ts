import type pg from 'pg';
import type { ExecutionMetrics, Period } from './executions.ts';

type Row = Readonly<Record<string, unknown>>;

/** One query of the dashboard, in both ways. */
export interface DashboardQuery {
  readonly name: string;
  /** Times faster than raw that was aimed at; null where nothing was. */
  readonly target: number | null;
  /** Largest relative difference of the figures; what is not a figure is equal. */
  readonly accuracy: number;
  raw(client: pg.Client, period: Period): Promise<readonly Row[]>;
  rollup(metrics: ExecutionMetrics, period: Period): Promise<readonly Row[]>;
}

/** Sketches answer within this: percentiles to 1 %, users to 3 %. */
const PERCENTILES = 0.01;
const USERS = 0.03;

/** By the hand of somebody who knows the indexes. */
async function ask(
  client: pg.Client,
  text: string,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  return (await client.query(text, [...values])).rows as Row[];
}

export const QUERIES: readonly DashboardQuery[] = [
  {
    name: 'executions a day by status, 30 days',
    target: 50,
    accuracy: 0,
    raw: (client, { ago, now }) =>
      ask(
        client,
        `select date_trunc('day', started_at, 'UTC') as bucket, status, count(*)::int as n
from workflow_executions
where started_at >= $1
  and started_at < $2
group by 1, 2
order by 1, 2`,
        [ago(29), now],
      ),
    rollup: (metrics, { ago, now }) =>
      metrics.query('executions', {
        from: ago(29),
        to: now,
        grain: 'day',
        groupBy: ['status'],
        measures: ['n'],
      }),
  },
  {
    name: 'totals and mean duration by status, 90 days',
    target: 50,
    accuracy: 0,
    raw: (client, { ago, now }) =>
      ask(
        client,
        `select status, count(*)::int as n, sum(duration_ms)::float8 as ms
from workflow_executions
where started_at >= $1
  and started_at < $2
group by 1
order by 1`,
        [ago(89), now],
      ),
    rollup: async (metrics, { ago, now }) =>
      withoutBucket(
        await metrics.query('executions', {
          from: ago(89),
          to: now,
          groupBy: ['status'],
          measures: ['n', 'ms'],
        }),
      ),
  },
  {
    name: 'p50, p95 and p99 of all, 30 days',
    target: 50,
    accuracy: PERCENTILES,
    raw: (client, { ago, now }) =>
      ask(
        client,
        `select p[1]::float8 as p50, p[2]::float8 as p95, p[3]::float8 as p99
from (
  select percentile_disc(array[0.5, 0.95, 0.99]) within group (order by duration_ms) as p
  from workflow_executions
  where started_at >= $1
    and started_at < $2
) s`,
        [ago(29), now],
      ),
    rollup: async (metrics, { ago, now }) => {
      const rows = await metrics.query('executions', { from: ago(29), to: now, measures: ['p'] });
      return rows.map(({ p }) => ({ ...p }));
    },
  },
  {
    name: 'different users, 30 days',
    target: 50,
    accuracy: USERS,
    raw: (client, { ago, now }) =>
      ask(
        client,
        `select count(distinct user_id)::int as users
from workflow_executions
where started_at >= $1
  and started_at < $2`,
        [ago(29), now],
      ),
    rollup: async (metrics, { ago, now }) =>
      withoutBucket(
        await metrics.query('executions', { from: ago(29), to: now, measures: ['users'] }),
      ),
  },
  {
    name: 'besides: the 20 workflows with most failures, 30 days',
    target: null,
    accuracy: 0,
    raw: (client, { ago, now }) =>
      ask(
        client,
        `select workflow_id, count(*)::int as n
from workflow_executions
where started_at >= $1
  and started_at < $2
  and status = 'error'
group by 1
order by 2 desc, 1
limit 20`,
        [ago(29), now],
      ),
    rollup: async (metrics, { ago, now }) => {
      const rows = await metrics.query('executions', {
        from: ago(29),
        to: now,
        where: { status: 'error' },
        groupBy: ['workflow_id'],
        measures: ['n'],
        top: { by: 'n', limit: 20 },
      });
      return withoutBucket(rows);
    },
  },
  {
    name: 'besides: executions of one workflow a day, 30 days',
    target: null,
    accuracy: 0,
    raw: (client, { ago, now }) =>
      ask(
        client,
        `select date_trunc('day', started_at, 'UTC') as bucket, count(*)::int as n
from workflow_executions
where workflow_id = 'workflow-7'
  and started_at >= $1
  and started_at < $2
group by 1
order by 1`,
        [ago(29), now],
      ),
    rollup: (metrics, { ago, now }) =>
      metrics.query('executions', {
        from: ago(29),
        to: now,
        grain: 'day',
        where: { workflow_id: 'workflow-7' },
        groupBy: [],
        measures: ['n'],
      }),
  },
];

function withoutBucket(rows: readonly Row[]): readonly Row[] {
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([column]) => column !== 'bucket')),
  );
}
