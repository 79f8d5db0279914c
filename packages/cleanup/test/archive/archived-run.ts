import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { systemClock } from '@ops/timeout';
import type pg from 'pg';
import { onTestFinished } from 'vitest';
import { type RestoreOptions, restoreRun } from '../../src/archive/restore.ts';
import type { RestoreReport } from '../../src/archive/restore-report.ts';
import type { ArchiveTarget } from '../../src/batch/action.ts';
import { ensureTables } from '../../src/history/ensure-tables.ts';
import {
  type CleanupOptions,
  type CleanupPool,
  type CleanupReport,
  createCleanup,
} from '../../src/index.ts';
import { AT_ONCE } from '../expired-table.ts';

/** An archiving policy `rows` on a table with a column `at`, and what it leaves behind. */
export interface ArchivedRun {
  run(): Promise<CleanupReport<'rows'>>;
  plan(): ReturnType<ReturnType<typeof createCleanup<'rows'>>['plan']>;
  /** The only run that has archived something, or the last one. */
  lastRunId(): Promise<string>;
  restore(options?: RestoreOptions, runId?: string): Promise<RestoreReport>;
}

/** The history is in the test's own schema. */
export async function archivedRun(
  pool: pg.Pool,
  schema: string,
  archive: ArchiveTarget,
  options: {
    readonly table?: string;
    readonly cleanup?: Partial<CleanupOptions<never>>;
    readonly policy?: object;
    /** What the cleanup runs on, when something is to be watched or to fail. */
    readonly through?: CleanupPool;
  } = {},
): Promise<ArchivedRun> {
  await ensureTables(pool, { schema });
  const cleanup = createCleanup({
    pool: options.through ?? pool,
    pace: AT_ONCE,
    history: { schema },
    ...options.cleanup,
    policies: {
      rows: {
        table: options.table ?? 'rows',
        olderThan: { column: 'at', age: '90d' },
        safety: { maxShare: 1 },
        archive,
        ...options.policy,
      },
    },
  });
  const lastRunId = async (): Promise<string> => {
    const { rows } = await pool.query<{ id: string }>(
      `select run_id::text as id from ${schema}.manifest order by committed_at desc limit 1`,
    );
    return rows[0]?.id ?? '';
  };
  return {
    run: () => cleanup.run(),
    plan: () => cleanup.plan(),
    lastRunId,
    async restore(restoreOptions = {}, runId) {
      const settings = {
        pool,
        clock: systemClock,
        history: { schema },
        policies: { rows: { outcome: { type: 'archive', target: archive } } },
      };
      return restoreRun(settings, runId ?? (await lastRunId()), restoreOptions);
    },
  };
}

/** Makes `name(id, note, at)` with ids from 1; all rows are expired. */
export async function makeRows(pool: pg.Pool, count: number, name = 'rows'): Promise<void> {
  await pool.query(`
    create table ${name} (id int primary key, note text, at timestamptz not null default '2020-01-01');
    create index on ${name} (at);
    insert into ${name} (id, note) select n, 'note ' || n from generate_series(1, ${count}) n`);
}

/** Every row of a table as one text, in the order of those texts. */
export async function contents(pool: pg.Pool, table: string): Promise<readonly string[]> {
  const { rows } = await pool.query<{ row: string }>(
    `select t::text as row from ${table} t order by 1`,
  );
  return rows.map(({ row }) => row);
}

/** Gone after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ops-cleanup-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

/** The rows of all files in a directory, whatever the manifest says of them. */
export async function rowsInFiles(directory: string): Promise<readonly unknown[][]> {
  const rows: unknown[][] = [];
  for (const name of (await readdir(directory)).toSorted()) {
    const bytes = await readFile(join(directory, name));
    const text = (bytes[0] === 0x1f ? zlib.gunzipSync(bytes) : bytes).toString();
    for (const line of text.split('\n').filter((each) => each.startsWith('['))) {
      rows.push(JSON.parse(line) as unknown[]);
    }
  }
  return rows;
}

/** The manifest and the history must agree with each other. */
export async function expectExactHistory(pool: pg.Pool, schema: string): Promise<void> {
  const { rows } = await pool.query<{ archived: string; manifest: string }>(
    `select
       (select coalesce(sum(archived), 0) from ${schema}.policy_runs)::text as archived,
       (select coalesce(sum(row_count), 0) from ${schema}.manifest)::text as manifest`,
  );
  const [row] = rows;
  if (row?.archived !== row?.manifest) {
    throw new Error(`${row?.archived} rows were archived, ${row?.manifest} are in the manifest`);
  }
}
