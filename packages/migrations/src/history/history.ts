import { isServerError } from '../database/client.ts';
import type { Query, Session } from '../database/session.ts';
import { HistoryError, type MigrationRef } from '../errors.ts';
import type { Migration, Step } from '../migration.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { decodeBody } from './body.ts';
import { type HistoryRow, readHistory } from './read-history.ts';
import {
  acceptSql,
  entrySql,
  forgetSql,
  type HistoryEntry,
  progressSql,
  revertSql,
} from './write-history.ts';

export type { HistoryRow };

/** How far a file has got. */
export interface Progress {
  readonly migration: Migration;
  readonly stepsDone: number;
  /** Set before a step that cannot be in a transaction, cleared after it. */
  readonly isStepRunning: boolean;
  /** Time spent since the last record. @default the time since the transaction began */
  readonly durationMs?: number | undefined;
  /** Where a backfill that is under way has got to. Cleared when left out. */
  readonly position?: string | undefined;
}

/** How far `down` has got with a file. */
export interface RevertProgress extends Omit<Progress, 'migration' | 'durationMs'> {
  readonly migration: Pick<MigrationRef, 'pack' | 'version'>;
  /** Those of the down part. */
  readonly steps: readonly Step[];
}

/** The table that remembers. `pack` tells apart migrations shipped by libraries; files have ''. */
export interface History {
  /** Quoted, schema included. */
  readonly table: string;
  /** For messages: schema and table, as a person writes them. */
  readonly label: string;
  /**
   * Read-only, in one round trip, with a limit of 10 s; no rows when the table does not exist.
   *
   * @throws HistoryError when the table is not ours or may not be read.
   */
  read(session: Session): Promise<HistoryRow[]>;
  /** The text that was applied. Undefined when it is not known. */
  readBody(session: Session, ref: MigrationRef): Promise<string | undefined>;
  /** Creates schema and table when missing. Call it under the lock: `create schema` can race. */
  ensure(session: Session, lockTimeoutMs: number): Promise<void>;
  /** @throws HistoryError when the table is not ours or may not be written. */
  record(query: Query, progress: Progress): Promise<void>;
  /** What {@link History.record} sends: one statement without parameters, to be joined to others. */
  recordSql(progress: Progress): string;
  /** The same for `down`. Deletes the row with the last step; what was applied stays known until then. */
  revertSql(progress: RevertProgress): string;
  /** Writes complete rows for what was not run by `up`. A row that is there stays as it is. */
  insert(query: Query, entries: readonly HistoryEntry[]): Promise<void>;
  /** Takes what the entries say for what was applied. Who says so, and when it was, stays. */
  accept(query: Query, entries: readonly HistoryEntry[]): Promise<void>;
  forget(query: Query, refs: readonly Pick<MigrationRef, 'pack' | 'version'>[]): Promise<void>;
  /** What the server says about the table, in our words. */
  explain(error: Error): HistoryError;
}

export function createHistory(schema: string): History {
  const table = `${quoteIdentifier(schema)}.migrations`;
  const label = `${schema}.migrations`;
  const asking = async <T>(ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (error) {
      throw isServerError(error) ? explain(error, label) : error;
    }
  };
  return {
    table,
    label,
    read: (session) => asking(() => readHistory(session, table)),
    readBody: (session, ref) => asking(() => readBody(session, table, ref)),
    ensure: (session, lockTimeoutMs) => asking(() => ensure(session, schema, lockTimeoutMs)),
    record: (query, progress) =>
      asking(async () => {
        await query(progressSql(table, progress));
      }),
    recordSql: (progress) => progressSql(table, progress),
    revertSql: (progress) => revertSql(table, progress),
    insert: (query, entries) =>
      asking(async () => {
        if (entries.length > 0) await query(entrySql(table, entries));
      }),
    accept: (query, entries) =>
      asking(async () => {
        for (const entry of entries) await query(acceptSql(table, entry));
      }),
    forget: (query, refs) =>
      asking(async () => {
        for (const ref of refs) await query(forgetSql(table, ref));
      }),
    explain: (error) => explain(error, label),
  };
}

async function readBody(
  session: Session,
  table: string,
  { pack, version }: MigrationRef,
): Promise<string | undefined> {
  const { rows } = await session.query<{ body: string | null }>(
    `select encode(body, 'base64') as body from ${table} where pack = $1 and version = $2`,
    [pack, version],
  );
  const body = rows[0]?.body;
  if (body === null || body === undefined) return undefined;
  try {
    return decodeBody(body);
  } catch {
    return undefined; // somebody has changed it: the hashes, not this, say what was applied
  }
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
    throw error;
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
      pack text not null,
      version text not null,
      name text not null,
      hash text not null,
      raw_hash text not null,
      body bytea,
      step_count integer not null,
      steps_done integer not null,
      steps_hash text not null,
      step_running boolean not null,
      is_reverting boolean not null,
      position text,
      origin text not null,
      duration_ms bigint not null,
      started_at timestamptz not null default now(),
      applied_at timestamptz,
      applied_by text not null default current_user,
      primary key (pack, version)
    )`;
}
