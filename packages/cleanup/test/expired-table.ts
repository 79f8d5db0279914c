import type pg from 'pg';
import { type CleanupOptions, createCleanup } from '../src/index.ts';

/** No pauses, and locks that are waited for no longer than a test can bear. */
export const AT_ONCE = { dutyCycle: 1, lockTimeout: '50ms' } as const;

/**
 * Makes `jobs(id, status, started_at)`: ids 1 to `expired` are 100 days old and more, the oldest
 * first; the ids behind them are of today.
 */
export async function makeJobs(pool: pg.Pool, expired: number, fresh = 0): Promise<void> {
  await pool.query(`
    create table jobs (
      id int primary key,
      status text not null default 'completed',
      started_at timestamptz not null
    );
    create index on jobs (started_at);
    insert into jobs (id, started_at)
    select n, now() - interval '100 days' - (${expired} - n) * interval '1 second'
    from generate_series(1, ${expired}) n;
    insert into jobs (id, started_at)
    select n, now() from generate_series(${expired} + 1, ${expired + fresh}) n`);
}

/** A cleanup of `jobs` older than 90 days, that never asks for the share. */
export function jobsCleanup(
  pool: pg.Pool,
  options: Partial<CleanupOptions<never>> = {},
  policy: object = {},
) {
  return createCleanup({
    pool,
    pace: AT_ONCE,
    ...options,
    policies: {
      jobs: {
        table: 'jobs',
        olderThan: { column: 'started_at', age: '90d' },
        safety: { maxShare: 1 },
        ...policy,
      },
    },
  });
}

export async function jobIds(pool: pg.Pool): Promise<readonly number[]> {
  const { rows } = await pool.query<{ id: number }>('select id from jobs order by id');
  return rows.map((row) => row.id);
}

/** Resolves when a backend of `database` waits for a lock in a statement that has `text` in it. */
export async function waitingFor(pool: pg.Pool, text: string): Promise<number> {
  for (;;) {
    const { rows } = await pool.query<{ pid: number }>(
      `select pid
       from pg_stat_activity
       where datname = current_database()
         and wait_event_type = 'Lock'
         and position($1 in query) > 0
         and pid <> pg_backend_pid()`,
      [text],
    );
    if (rows[0]) return rows[0].pid;
  }
}
