import type pg from 'pg';

/** One endpoint's query, timed with and without the performance indexes. */
export interface IndexTiming {
  readonly name: string;
  readonly withoutMs: number;
  readonly withMs: number;
  /** Median of the ratios without ÷ with, pair by pair. */
  readonly ratio: number;
}

const PAIRS = 7;

const QUERIES = [
  {
    name: "a user's executions by status, 30 days",
    text: `
      select status, count(*), avg(duration_ms)
      from workflow_executions
      where user_id = $1 and started_at >= now() - interval '30 days'
      group by status`,
  },
  {
    name: 'failures of the last hour',
    text: `
      select count(*)
      from workflow_executions
      where status = 'failed' and started_at >= now() - interval '1 hour'`,
  },
  {
    name: "a user's latest 50 events",
    text: `
      select id, event_type, path, created_at
      from app_events
      where user_id = $1
      order by created_at desc
      limit 50`,
  },
  {
    name: 'users with an error event, 7 days',
    text: `
      select count(distinct user_id)
      from app_events
      where event_type = 'error' and created_at >= now() - interval '7 days'`,
  },
];

/** Those of the eight performance indexes that lie on the tables queried here. */
const PERFORMANCE_INDEXES = [
  'idx_workflow_executions_started_at',
  'idx_workflow_executions_user_started',
  'idx_app_events_user_timestamp',
  'idx_app_events_type_timestamp',
];
/** Serves cleanup and would blur the comparison, so that it is away in both. */
const RETENTION_INDEX = 'idx_app_events_created_at';

/**
 * Times the queries on the same rows by EXPLAIN ANALYZE's execution time, warm: both forms run once
 * uncounted, then in turn, so that a machine that slows down meanwhile slows both. Without
 * indexes means: dropped in a transaction that is rolled back.
 */
export async function timeIndexes(
  pool: pg.Pool,
  userId: string,
  onProgress: (donePairs: number, totalPairs: number) => void,
  signal: AbortSignal,
): Promise<readonly IndexTiming[]> {
  const total = QUERIES.length * (PAIRS + 1);
  let done = 0;
  const client = await pool.connect();
  try {
    const timings: IndexTiming[] = [];
    for (const { name, text } of QUERIES) {
      const values = text.includes('$1') ? [userId] : [];
      const pairs: { withMs: number; withoutMs: number }[] = [];
      for (let pair = 0; pair <= PAIRS; pair += 1) {
        signal.throwIfAborted();
        const withMs = await msWithout([RETENTION_INDEX], client, text, values);
        const away = [RETENTION_INDEX, ...PERFORMANCE_INDEXES];
        const withoutMs = await msWithout(away, client, text, values);
        if (pair > 0) pairs.push({ withMs, withoutMs });
        done += 1;
        onProgress(done, total);
      }
      timings.push({
        name,
        withMs: median(pairs.map((pair) => pair.withMs)),
        withoutMs: median(pairs.map((pair) => pair.withoutMs)),
        ratio: median(pairs.map((pair) => pair.withoutMs / pair.withMs)),
      });
    }
    return timings;
  } finally {
    client.release();
  }
}

/** The statement's execution time as if these indexes did not exist. */
async function msWithout(
  indexes: readonly string[],
  client: pg.PoolClient,
  text: string,
  values: unknown[],
): Promise<number> {
  await client.query(`begin; drop index ${indexes.join(', ')}`);
  try {
    return await executionMs(client, text, values);
  } finally {
    await client.query('rollback');
  }
}

async function executionMs(
  client: pg.PoolClient,
  text: string,
  values: unknown[],
): Promise<number> {
  type Plan = { 'QUERY PLAN': [{ 'Execution Time': number }] };
  const { rows } = await client.query<Plan>(
    `explain (analyze, timing off, summary on, format json) ${text}`,
    values,
  );
  const time = rows[0]?.['QUERY PLAN'][0]['Execution Time'];
  if (time === undefined) throw new Error('EXPLAIN gave no execution time');
  return time;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
