import { systemClock } from '@ops/timeout';
import type pg from 'pg';
import { ensureTables } from '../../src/history/ensure-tables.ts';
import { type CleanupOptions, type CleanupPolicy, createCleanup, sql } from '../../src/index.ts';
import { undoRun } from '../../src/soft-delete/undo.ts';

/** Makes `workflows`: ids 1 to `inactive` have not been used for 400 days, those behind them today. */
export async function makeWorkflows(
  pool: pg.Pool,
  schema: string,
  inactive: number,
  active = 0,
): Promise<void> {
  await ensureTables(pool, { schema });
  await pool.query(`
    create table workflows (
      id int primary key,
      enabled boolean not null default true,
      status text default 'live',
      used_at timestamptz not null,
      deleted_at timestamptz
    );
    create index on workflows (used_at);
    insert into workflows (id, used_at)
    select n, now() - case when n <= ${inactive} then interval '400 days' else '0' end
    from generate_series(1, ${inactive + active}) n`);
}

export const MARKED = { set: { enabled: false, status: 'archived' }, at: 'deleted_at' } as const;

/** Marks workflows that were not used for a year. */
const POLICY: CleanupPolicy = {
  table: 'workflows',
  inactiveFor: { age: '365d', since: sql`used_at` },
  softDelete: { ...MARKED, purgeAfter: '30d' },
  safety: { maxShare: 1 },
};

export function workflowsCleanup(
  pool: CleanupOptions<'it'>['pool'],
  schema: string,
  policy: object = {},
  options: object = {},
) {
  return createCleanup({
    pool,
    history: { schema },
    pace: { dutyCycle: 1, lockTimeout: '50ms' },
    ...options,
    policies: { it: { ...POLICY, ...policy } },
  });
}

export function undo(
  pool: CleanupOptions<'it'>['pool'],
  schema: string,
  runId: string,
  signal?: AbortSignal,
): ReturnType<typeof undoRun> {
  const settings = { pool, clock: systemClock, history: { schema, keepMs: 86_400_000 } };
  return undoRun(settings, runId, { signal });
}

/** Id of the newest run. */
export async function lastRun(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    'select id::text from runs order by started_at desc limit 1',
  );
  return rows[0]?.id ?? '';
}

/** Everything in the table, as text. */
export async function snapshot(pool: pg.Pool, table = 'workflows'): Promise<readonly string[]> {
  const { rows } = await pool.query<{ row: string }>(
    `select t::text as row from ${table} t order by id`,
  );
  return rows.map(({ row }) => row);
}
