import { isServerError } from '../database/client.ts';
import type { Query, Session } from '../database/session.ts';
import { HistoryError, type MigrationRef } from '../errors.ts';
import { hashSteps, type Migration } from '../migration.ts';
import { quoteIdentifier } from '../sql/quote.ts';

/** A row of the history: a file that was applied, wholly or up to a step. */
export interface HistoryRow extends MigrationRef {
  readonly hash: string;
  readonly stepCount: number;
  readonly stepsDone: number;
  /** Fingerprint of the steps that are done. */
  readonly stepsHash: string;
  /** True when a step that cannot be in a transaction was begun, and nobody saw it end. */
  readonly wasInterrupted: boolean;
  /** Undefined while steps are left. */
  readonly appliedAt: Date | undefined;
  readonly durationMs: number;
}

/** How far a file has got. */
export interface Progress {
  readonly migration: Migration;
  readonly stepsDone: number;
  /** Set before a step that cannot be in a transaction, cleared after it. */
  readonly isStepRunning: boolean;
  /** Time spent since the last record. */
  readonly durationMs: number;
}

/** The table that remembers. `pack` tells apart migrations shipped by libraries; files have ''. */
export interface History {
  /** Quoted, schema included. */
  readonly table: string;
  /** For messages: schema and table, as a person writes them. */
  readonly label: string;
  /**
   * Read-only, with a limit of 10 s; no rows when the table does not exist.
   *
   * @throws HistoryError when the table is not ours or may not be read.
   */
  read(session: Session): Promise<HistoryRow[]>;
  /** Creates schema and table when missing. Call it under the lock: `create schema` can race. */
  ensure(session: Session, lockTimeoutMs: number): Promise<void>;
  record(query: Query, progress: Progress): Promise<void>;
}

export function createHistory(schema: string): History {
  const table = `${quoteIdentifier(schema)}.migrations`;
  const label = `${schema}.migrations`;
  return {
    table,
    label,
    read: (session) => read(session, table, label),
    ensure: (session, lockTimeoutMs) => ensure(session, schema, lockTimeoutMs),
    async record(query, { migration, stepsDone, isStepRunning, durationMs }) {
      const values = [
        migration.version,
        migration.name,
        migration.hash,
        migration.steps.length,
        stepsDone,
        hashSteps(migration, stepsDone),
        isStepRunning,
        Math.round(durationMs),
        stepsDone === migration.steps.length,
      ];
      try {
        await query(recordSql(table), values);
      } catch (error) {
        throw isServerError(error) ? explain(error, label) : error;
      }
    },
  };
}

async function read(session: Session, table: string, label: string): Promise<HistoryRow[]> {
  try {
    await session.query('begin transaction read only; set local statement_timeout = 10000');
    // Casts, because a program may have changed how pg reads numbers and dates.
    const { rows } = await session.query<StoredRow>(`
      select version::text as version, name, hash, step_count, steps_done, steps_hash,
        step_running, duration_ms::text as duration_ms,
        (extract(epoch from applied_at) * 1000)::text as applied_at
      from ${table}
      where pack = ''
      order by migrations.version`);
    await session.query('commit');
    return rows.map(rowOf);
  } catch (error) {
    await session.settle('rollback').catch(() => {});
    if (!isServerError(error)) throw error;
    if (error.code === '42P01') return [];
    throw explain(error, label);
  }
}

interface StoredRow {
  readonly version: string;
  readonly name: string;
  readonly hash: string;
  readonly step_count: number;
  readonly steps_done: number;
  readonly steps_hash: string;
  readonly step_running: boolean;
  readonly duration_ms: string;
  /** Milliseconds since 1970. */
  readonly applied_at: string | null;
}

function rowOf(row: StoredRow): HistoryRow {
  return {
    version: row.version,
    name: row.name,
    file: `${row.version}_${row.name}.sql`,
    hash: row.hash,
    stepCount: row.step_count,
    stepsDone: row.steps_done,
    stepsHash: row.steps_hash,
    wasInterrupted: row.step_running,
    appliedAt: row.applied_at === null ? undefined : new Date(Number(row.applied_at)),
    durationMs: Number(row.duration_ms),
  };
}

async function ensure(session: Session, schema: string, lockTimeoutMs: number): Promise<void> {
  const table = `${quoteIdentifier(schema)}.migrations`;
  const { rows } = await session.query<{ has_schema: boolean; has_table: boolean }>(
    'select to_regnamespace($1) is not null as has_schema, to_regclass($2) is not null as has_table',
    [quoteIdentifier(schema), table],
  );
  if (rows[0]?.has_table === true) return;
  try {
    await session.query(`begin; set local lock_timeout = ${lockTimeoutMs}`);
    // "if not exists" alone asks for the right to create schemas even where there is one.
    if (rows[0]?.has_schema !== true)
      await session.query(`create schema ${quoteIdentifier(schema)}`);
    await session.query(createTableSql(table));
    await session.query('commit');
  } catch (error) {
    await session.settle('rollback').catch(() => {});
    throw isServerError(error) ? explain(error, `${schema}.migrations`) : error;
  }
}

function explain(error: Error, label: string): HistoryError {
  return new HistoryError(
    `The history table ${label} cannot be used: ${error.message}`,
    'Check the rights of this database user, and that no other tool keeps a table of that name; history.schema chooses another.',
    { cause: error },
  );
}

function createTableSql(table: string): string {
  return `
    create table ${table} (
      pack text not null default '',
      version numeric not null,
      name text not null,
      hash text not null,
      step_count integer not null,
      steps_done integer not null,
      steps_hash text not null,
      step_running boolean not null,
      duration_ms bigint not null,
      started_at timestamptz not null default now(),
      applied_at timestamptz,
      applied_by text not null default current_user,
      primary key (pack, version)
    )`;
}

function recordSql(table: string): string {
  return `
    insert into ${table} as done
      (version, name, hash, step_count, steps_done, steps_hash, step_running, duration_ms, applied_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, case when $9::boolean then clock_timestamp() end)
    on conflict (pack, version) do update set
      name = excluded.name,
      hash = excluded.hash,
      step_count = excluded.step_count,
      steps_done = excluded.steps_done,
      steps_hash = excluded.steps_hash,
      step_running = excluded.step_running,
      duration_ms = done.duration_ms + excluded.duration_ms,
      applied_at = excluded.applied_at`;
}
