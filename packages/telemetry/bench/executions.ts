import type pg from 'pg';
import {
  count,
  defineRollup,
  distinct,
  type Metrics,
  quantile,
  sum,
} from '../src/rollups/index.ts';

/** As an application has them, rolled up as its dashboard asks. */
export const executions = defineRollup('executions', {
  from: 'workflow_executions',
  time: 'started_at',
  grain: ['hour', 'day'],
  dimensions: ['workflow_id', 'status'],
  totals: [['status'], []],
  measures: {
    n: count(),
    ms: sum('duration_ms'),
    p: quantile('duration_ms'),
    users: distinct('user_id'),
  },
  mode: 'dirty-buckets',
});

export type ExecutionMetrics = Metrics<readonly [typeof executions]>;

export const WORKFLOWS = 200;
export const USERS = 40_000;
const DAYS = 90;
const DAY_MS = 86_400_000;

/** What the dashboard shows: it ends within an hour, and so does the newest row. */
export interface Period {
  readonly now: Date;
  /** Midnight in UTC, so many days before. */
  ago(days: number): Date;
}

export function periodUntil(now: Date): Period {
  return {
    now,
    ago: (days) => new Date(Math.floor(now.getTime() / DAY_MS) * DAY_MS - days * DAY_MS),
  };
}

/**
 * 90 days of executions: busy workflows and rare ones, durations of 1 ms to hours (log-normal), every
 * tenth failed. The indexes are those that the raw queries want.
 */
export async function createExecutions(
  client: pg.Client,
  rows: number,
  { now }: Period,
): Promise<void> {
  await client.query(`
create table workflow_executions (
  id bigint generated always as identity primary key,
  workflow_id text not null,
  user_id int not null,
  status text not null,
  started_at timestamptz not null,
  duration_ms int not null,
  trigger text not null,
  host text not null
)`);
  await client.query('select setseed(0.5)');
  await client.query(
    `insert into workflow_executions (workflow_id, user_id, status, started_at, duration_ms, trigger, host)
select
  'workflow-' || floor(${WORKFLOWS} * random() ^ 1.5)::int,
  floor(${USERS} * random() ^ 1.3)::int,
  (array['error', 'success', 'success', 'success', 'success', 'success', 'success', 'success', 'success', 'cancelled'])[1 + floor(random() * 10)::int],
  $2::timestamptz - (n::float8 / $1) * interval '${DAYS} days',
  least(20000000, exp(6.5 + 1.6 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())))::int,
  case when n % 2 = 0 then 'schedule' else 'webhook' end,
  'worker-' || n % 16 || '.eu-central-1.internal'
from generate_series(1, $1::bigint) n`,
    [rows, now],
  );
  await client.query(`
create index on workflow_executions (started_at);
create index on workflow_executions (workflow_id, started_at)`);
  await client.query('vacuum (analyze) workflow_executions');
}

/** Rows of the last hours, as they come. */
export async function addExecutions(
  client: pg.Client,
  rows: number,
  { now }: Period,
): Promise<void> {
  await client.query(
    `insert into workflow_executions (workflow_id, user_id, status, started_at, duration_ms, trigger, host)
select
  'workflow-' || floor(${WORKFLOWS} * random() ^ 1.5)::int,
  floor(${USERS} * random())::int,
  'success',
  $2::timestamptz - random() * interval '1 hour',
  (random() * 10000)::int,
  'webhook',
  'worker-0.eu-central-1.internal'
from generate_series(1, $1::bigint)`,
    [rows, now],
  );
}
