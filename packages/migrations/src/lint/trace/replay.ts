import type { Query } from '../../database/session.ts';
import type { Location } from '../../errors.ts';
import { findApplicable } from '../../history/applicable.ts';
import { parseMigration } from '../../sources/parse-migration.ts';
import type { MigrationFile } from '../../sources/source.ts';
import { compareVersions } from '../../sources/version.ts';
import type { TraceDatabase } from './database.ts';
import { foreignKeyOids, invalidIndexes, uncoveredForeignKeys } from './end-state.ts';
import { unreadableFile } from './failure.ts';
import { freshSessionOf } from './fresh-session.ts';
import { type Relations, readRelations } from './relations.ts';
import { type FileTrace, type ReplayContext, replayFile } from './replay-file.ts';
import type { TraceReport } from './report.ts';

/** How far `trace` has got. */
export interface TraceProgress {
  readonly file: string;
  /** From 1. */
  readonly number: number;
  readonly count: number;
}

/** What of the options of `trace` is needed here. */
export interface ReplayOptions {
  readonly since?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TraceProgress) => void) | undefined;
}

/** @param files in the order in which they are to be run. */
export async function replayFiles(
  database: TraceDatabase,
  files: readonly MigrationFile[],
  { since, signal, onProgress }: ReplayOptions,
): Promise<TraceReport> {
  const startSession = await freshSessionOf(database);
  const available = await availableExtensions(database);
  const setUp = await foreignKeyOids(database);
  const foreignKeys = new Map<number, Location>();
  const reported: FileTrace[] = [];
  const older: FileTrace[] = [];
  let existing: Relations | undefined;
  for (const [at, file] of files.entries()) {
    onProgress?.({ file: file.file, number: at + 1, count: files.length });
    const isReported = since === undefined || isNewer(file, since);
    await startSession();
    const current = isReported ? await readRelations(database) : undefined;
    if (since === undefined || existing === undefined) existing = current;
    const watched = isReported ? existing : undefined;
    const context = { database, available, existing: watched, current, foreignKeys, signal };
    (isReported ? reported : older).push(await replayOne(file, context));
  }
  return {
    serverVersion: await serverVersion(database),
    entries: reported.flatMap(({ entries }) => entries),
    failures: [...older, ...reported].flatMap(({ failure }) => failure ?? []),
    skipped: [...older, ...reported].flatMap(({ skipped }) => skipped),
    invalidIndexes: await invalidIndexes(database),
    uncoveredForeignKeys: await uncoveredForeignKeys(database, setUp, foreignKeys),
    fileCount: reported.filter(({ wasRun }) => wasRun).length,
    statementCount: reported.reduce((sum, each) => sum + each.statementCount, 0),
  };
}

/** Packs are not numbered with the application's files, and come from a release of their own. */
function isNewer({ pack, version }: MigrationFile, since: string): boolean {
  return pack === '' && compareVersions(version, since) > 0;
}

const NOT_RUN = { entries: [], skipped: [], failure: undefined, statementCount: 0, wasRun: false };

async function replayOne(file: MigrationFile, context: ReplayContext): Promise<FileTrace> {
  const reason = await reasonToSkip(file, context.database);
  if (reason !== undefined) {
    const skip = { file: file.file, line: undefined, column: undefined, message: reason };
    return { ...NOT_RUN, skipped: [skip] };
  }
  const migration = parseMigration(file);
  if ('steps' in migration) return replayFile(migration, context);
  return { ...NOT_RUN, failure: unreadableFile(migration), wasRun: true };
}

async function reasonToSkip(
  file: MigrationFile,
  database: TraceDatabase,
): Promise<string | undefined> {
  if (file.kind === 'code') return 'a module is not run: it could do anything';
  if (file.when === undefined) return undefined;
  const query: Query = async (text, values) => ({ rows: await database.rows(text, values) });
  const applicable = await findApplicable({ query }, [file]);
  return applicable.has(file) ? undefined : `it waits for the table ${file.when.table}`;
}

async function availableExtensions(database: TraceDatabase): Promise<ReadonlySet<string>> {
  const rows = await database.rows<{ name: string }>('select name from pg_available_extensions');
  return new Set(rows.map(({ name }) => name));
}

async function serverVersion(database: TraceDatabase): Promise<string> {
  const rows = await database.rows<{ version: string }>('select version()');
  // `PostgreSQL 18.6 (PGlite 0.5.16) on wasm32-…`
  return /^\S+ (\S+(?: \([^)]*\))?)/.exec(rows[0]?.version ?? '')?.[1] ?? '';
}
