/*
 * Brings back what a run archived, the last batch first: what referenced a row when it was deleted is
 * there again before it, within a batch parents come before their children. So the foreign keys hold
 * at every point, as they did on the way.
 *
 * Everything is looked at before anything is changed: that the tables still fit, and that every file
 * is what the manifest says. Then each batch is a transaction of its own, with the mark in the
 * manifest; a restore that was stopped is simply called again.
 */
import { type Clock, InvalidOptionsError } from '@ops/timeout';
import type { ArchiveTarget } from '../batch/action.ts';
import { type CleanupPool, type Database, inTransaction, type Query } from '../database.ts';
import { type ReaderSettings, readPiece } from './archive-reader.ts';
import { summarizeArchive } from './archive-table.ts';
import { type ArchiveDamage, ArchiveDamagedError, RestoreRefusedError } from './errors.ts';
import { lockBatch, markRestored, readManifest, type StoredEntry } from './manifest.ts';
import { createRestoreTally, type RestoreReport } from './restore-report.ts';
import { insertRows, moveRows, type RestoredRows } from './restore-rows.ts';
import { type RestoreInto, type RestoreTarget, restoreTarget } from './restore-target.ts';
import { sinkOf } from './to-sink.ts';

/** Options of a restore. */
export interface RestoreOptions {
  /** Only what this policy archived. Default: all of them. */
  readonly policy?: string | undefined;
  /**
   * Other tables than those that the rows came from: the name of one for the rows of a policy's own
   * table, or names by table. It must have the columns. Default: back to where they were.
   */
  readonly into?: RestoreInto | undefined;
  /** Files are looked for in this directory, by name. Default: where they were written. */
  readonly from?: string | undefined;
  /** Stops between two batches, with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What a restore needs to know of a cleanup; its settings fit. */
export interface RestoreSettings {
  readonly pool: CleanupPool;
  readonly clock: Clock;
  readonly history: { readonly schema: string };
  /** To find sinks of one's own; files and tables are found by the manifest alone. */
  readonly policies: Readonly<
    Record<
      string,
      { readonly outcome: { readonly type: string; readonly target?: ArchiveTarget | undefined } }
    >
  >;
}

/** A restore may wait a while: nobody's request depends on it. */
const LIMITS = {
  lockTimeoutMs: 10_000,
  statementTimeoutMs: 120_000,
  access: 'read write',
} as const;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Restores a run. Rows that are there already stay as they are; columns that a table has got since
 * take their default; generated columns are computed anew; triggers run as for any insert. Rows leave
 * an archive table as they come back; files stay, and the manifest says what was restored.
 *
 * The rows are as old as they were: the next run of the policy archives them again.
 *
 * @throws RestoreRefusedError, ArchiveDamagedError when nothing was changed.
 * @throws InvalidOptionsError when the run's id or an option is none.
 */
export async function restoreRun(
  settings: RestoreSettings,
  runId: string,
  options: RestoreOptions = {},
): Promise<RestoreReport> {
  if (typeof runId !== 'string' || !UUID.test(runId)) {
    throw new InvalidOptionsError(
      `restore: runId: expected the id of a run, got ${JSON.stringify(runId)}`,
    );
  }
  const { pool, clock, history } = settings;
  const { policy, into, from, signal } = options;
  const database: Database = { pool, clock, signal };
  const { schema } = history;
  const { entries, targets } = await inTransaction(database, LIMITS, (query) =>
    prepare(query, schema, runId, { policy, into }),
  );
  const reader: ReaderSettings = {
    from,
    signal,
    sinkOf: (name) => {
      const target = settings.policies[name]?.outcome.target;
      return target && sinkOf(target);
    },
  };
  await verify(entries, reader, runId);
  return restoreBatches({ database, schema, runId, entries, targets, reader, signal });
}

interface Prepared {
  readonly entries: readonly StoredEntry[];
  /** By {@link targetKey}. */
  readonly targets: ReadonlyMap<string, RestoreTarget>;
}

async function prepare(
  query: Query,
  schema: string,
  runId: string,
  { policy, into }: Pick<RestoreOptions, 'policy' | 'into'>,
): Promise<Prepared> {
  const entries = await readManifest(query, schema, runId, policy);
  if (entries.length === 0) {
    const which = policy === undefined ? '' : ` by policy ${policy}`;
    throw new RestoreRefusedError(runId, [`the manifest has nothing that it archived${which}`]);
  }
  const targets = new Map<string, RestoreTarget>();
  const problems = new Set<string>();
  const seen = new Set<string>();
  for (const entry of entries) {
    const key = targetKey(entry);
    if (seen.has(key)) continue;
    seen.add(key);
    const target = await restoreTarget(query, entry, into);
    if ('sql' in target) targets.set(key, target);
    else for (const problem of target.problems) problems.add(problem);
  }
  if (problems.size > 0) throw new RestoreRefusedError(runId, [...problems]);
  const archives = new Set(entries.filter(({ kind }) => kind === 'table').map(({ uri }) => uri));
  for (const archive of archives) await summarizeArchive(query, archive);
  return { entries, targets };
}

/** Entries alike in this go to the same place in the same way. */
function targetKey({ kind, uri, table, place, columns }: StoredEntry): string {
  return JSON.stringify([kind === 'table' ? uri : kind, table, place === 0, columns]);
}

async function verify(
  entries: readonly StoredEntry[],
  reader: ReaderSettings,
  runId: string,
): Promise<void> {
  const damages: ArchiveDamage[] = [];
  for (const entry of entries) {
    if (entry.kind === 'table') continue;
    reader.signal?.throwIfAborted();
    const piece = await readPiece(entry, reader);
    if ('problem' in piece) damages.push(damageOf(entry, piece.problem));
  }
  if (damages.length > 0) throw new ArchiveDamagedError(runId, damages);
}

function damageOf({ uri, byteOffset }: StoredEntry, problem: string): ArchiveDamage {
  return { uri, offset: byteOffset, problem };
}

interface Work extends Prepared {
  readonly database: Database;
  readonly schema: string;
  readonly runId: string;
  readonly reader: ReaderSettings;
  readonly signal: AbortSignal | undefined;
}

async function restoreBatches(work: Work): Promise<RestoreReport> {
  const tally = createRestoreTally(work.runId);
  try {
    for (const batch of batchesOf(work.entries)) {
      work.signal?.throwIfAborted();
      for (const { entry, rows, before } of await restoreBatch(work, batch)) {
        tally.add(entry, work.targets.get(targetKey(entry))?.sql ?? entry.table, rows, before);
      }
    }
  } catch (error) {
    return tally.report(error);
  }
  return tally.report(undefined);
}

function batchesOf(entries: readonly StoredEntry[]): readonly (readonly StoredEntry[])[] {
  const batches = new Map<string, StoredEntry[]>();
  for (const entry of entries) {
    const key = `${entry.seq} ${entry.policy}`;
    const batch = batches.get(key) ?? [];
    batch.push(entry);
    batches.set(key, batch);
  }
  return [...batches.values()];
}

interface RestoredEntry {
  readonly entry: StoredEntry;
  readonly rows: RestoredRows;
  /** Restored by earlier calls. */
  readonly before: number | null;
}

async function restoreBatch(
  work: Work,
  batch: readonly StoredEntry[],
): Promise<readonly RestoredEntry[]> {
  const { database, schema, runId, reader } = work;
  const [first] = batch;
  if (!first) return [];
  // Read and checked again before the transaction, so that it does not wait for a disk.
  const pieces = new Map<StoredEntry, Awaited<ReturnType<typeof readPiece>>>();
  for (const entry of batch.filter(({ kind }) => kind !== 'table')) {
    pieces.set(entry, await readPiece(entry, reader));
  }
  return inTransaction(database, LIMITS, async (query) => {
    const marks = await lockBatch(query, schema, runId, first);
    const done: RestoredEntry[] = [];
    for (const entry of batch) {
      const before = marks.get(entry.table) ?? null;
      const target = work.targets.get(targetKey(entry));
      if (!target) throw new TypeError(`No target for ${entry.table}`);
      const rows = await restoreEntry(query, runId, { entry, target, before }, pieces.get(entry));
      await markRestored(query, schema, runId, { ...entry, restored: rows.restored });
      done.push({ entry, rows, before });
    }
    return done;
  });
}

async function restoreEntry(
  query: Query,
  runId: string,
  { entry, target, before }: RestoredEntryTarget,
  piece: Awaited<ReturnType<typeof readPiece>> | undefined,
): Promise<RestoredRows> {
  if (entry.kind === 'table') return moveRows(query, runId, entry, target);
  if (!piece) throw new TypeError(`Nothing was read of ${entry.uri}`);
  if ('problem' in piece) throw new ArchiveDamagedError(runId, [damageOf(entry, piece.problem)]);
  // Without a key nothing tells whether a row is there; the mark tells it of the piece.
  if (target.key.length === 0 && before !== null) return { restored: 0, found: piece.rowCount };
  return insertRows(query, piece, target);
}

interface RestoredEntryTarget {
  readonly entry: StoredEntry;
  readonly target: RestoreTarget;
  readonly before: number | null;
}
