import { InvalidOptionsError, readOptions } from '@ops/timeout/check';
import { isBoolean, isVersion } from './call-options.ts';
import { type DroppedIndexes, dropUnfinishedIndexes } from './engine/drop-unfinished.ts';
import { labelOf, type MigrationRef, RepairError } from './errors.ts';
import { entryOf } from './history/entry-of.ts';
import type { HistoryRow } from './history/read-history.ts';
import { refOf } from './migration.ts';
import type { Settings } from './options.ts';
import { inSituation, type Situation } from './situation.ts';
import { assertPack } from './sources/assert-pack.ts';
import { keyOf, type MigrationFile } from './sources/source.ts';
import { compareVersions, normalizeVersion } from './sources/version.ts';
import { underLock } from './under-lock.ts';

/** Options of `repair`; at least one of the first three. */
export interface RepairOptions {
  /**
   * Versions of applied files that were edited since: what they say now is taken for what was
   * applied. Also ends notes about cosmetic edits. `'all'` means all that were edited.
   */
  readonly accept?: readonly string[] | 'all' | undefined;
  /** Versions in the history whose files were removed for good: their rows are deleted. */
  readonly forget?: readonly string[] | undefined;
  /**
   * Drops, concurrently, all INVALID indexes in the database that nobody builds, whoever made them.
   * Those of `up` are built anew by the next `up`. @default false
   */
  readonly indexes?: boolean | undefined;
  /** The pack whose versions are meant. @default the files of the directories */
  readonly pack?: string | undefined;
  /** See {@link CallOptions}. */
  readonly signal?: AbortSignal | undefined;
}

/** What `repair` has done. */
export interface RepairReport extends DroppedIndexes {
  /** Files whose row was brought up to date, in order of version. */
  readonly accepted: readonly MigrationRef[];
  /** Rows that were deleted, in order of version. */
  readonly forgotten: readonly MigrationRef[];
  /** Sentences for people, about accepted files that `up` could not run in a new database. */
  readonly notes: readonly string[];
}

interface Wish {
  readonly accept: readonly string[] | 'all';
  readonly forget: readonly string[];
  readonly indexes: boolean;
  readonly pack: string;
}

/**
 * Under the lock of `up`. All of `accept` and `forget` is written, or none of it.
 *
 * @throws RepairError when something asked for would make the history wrong.
 */
export async function runRepair(settings: Settings, options: RepairOptions): Promise<RepairReport> {
  const wish = readWish(settings, options);
  return inSituation(settings, options.signal, (situation) =>
    underLock(situation, async () => {
      const changes = await changeHistory(situation, wish);
      const none: DroppedIndexes = { dropped: [], left: [] };
      return { ...changes, ...(wish.indexes ? await dropUnfinishedIndexes(situation) : none) };
    }),
  );
}

/** @throws InvalidOptionsError */
function readWish(settings: Settings, options: RepairOptions): Wish {
  const read = readOptions('repair', options);
  const isList = (value: unknown): boolean =>
    Array.isArray(value) && value.length > 0 && value.every(isVersion);
  const isListOrAll = (value: unknown): boolean => value === 'all' || isList(value);
  const expected = 'an array of versions';
  const accept = read.value<Wish['accept']>('accept', `${expected}, or 'all'`, isListOrAll);
  const forget = read.value<Wish['forget']>('forget', expected, isList);
  const indexes = read.value<boolean>('indexes', 'true or false', isBoolean);
  const pack = read.value<string>('pack', 'the name of a pack', (name) => typeof name === 'string');
  read.object('signal', ['throwIfAborted', 'addEventListener']);
  read.done();
  if (accept === undefined && forget === undefined && indexes !== true) {
    throw new InvalidOptionsError('repair: expected accept, forget or indexes');
  }
  if (accept !== undefined || forget !== undefined) assertPack('repair', settings, pack ?? '');
  return {
    accept: accept === 'all' ? accept : (accept ?? []).map(normalized),
    forget: (forget ?? []).map(normalized),
    indexes: indexes ?? false,
    pack: pack ?? '',
  };
}

function normalized(version: string): string {
  return normalizeVersion(version) ?? version;
}

type Changes = Pick<RepairReport, 'accepted' | 'forgotten' | 'notes'>;

async function changeHistory(
  { session, settings, history, files }: Situation,
  wish: Wish,
): Promise<Changes> {
  const rows = (await history.read(session)).filter(({ pack }) => pack === wish.pack);
  const inPack = files.filter(({ pack }) => pack === wish.pack);
  const forgotten = wish.forget.length > 0 ? findForgotten(rows, inPack, wish.forget) : [];
  const edited = findEdited(rows, inPack, wish.accept);
  const refusals = [...edited, ...forgotten].filter((each) => typeof each === 'string');
  if (refusals.length > 0) throw new RepairError(refusals);
  const gone = forgotten.filter((each) => typeof each !== 'string').toSorted(inOrder);
  const accepted = edited.filter((each) => typeof each !== 'string').toSorted(inOrder);
  const claims = accepted.map((file) => entryOf(file, { origin: 'repair' }));
  try {
    await session.query(`begin; set local lock_timeout = ${settings.lockTimeoutMs}`);
    await history.accept(
      session.query,
      claims.map(({ entry }) => entry),
    );
    await history.forget(session.query, gone);
    await session.query('commit');
  } catch (error) {
    await session.settle('rollback').catch(() => {});
    throw error;
  }
  return {
    accepted: accepted.map(refOf),
    forgotten: gone.map(refOf),
    notes: claims.flatMap(({ note }) => note ?? []),
  };
}

/** The rows, or sentences on why they stay. */
function findForgotten(
  rows: readonly HistoryRow[],
  files: readonly MigrationFile[],
  versions: readonly string[],
): (HistoryRow | string)[] {
  return versions.map((version) => {
    const row = rows.find((each) => each.version === version);
    if (row === undefined) return `forget: version ${version} is not in the history`;
    const file = files.find((each) => each.version === version);
    if (file === undefined) return row;
    return `forget: ${labelOf(row)} has its file, ${file.file}, so the next up would apply it again`;
  });
}

/** The files, or sentences on why they cannot be taken for what was applied. */
function findEdited(
  rows: readonly HistoryRow[],
  files: readonly MigrationFile[],
  versions: readonly string[] | 'all',
): (MigrationFile | string)[] {
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  const isEdited = (file: MigrationFile): boolean => {
    const row = byKey.get(keyOf(file));
    return row?.appliedAt !== undefined && row.rawHash !== file.rawHash;
  };
  if (versions === 'all') return files.filter(isEdited);
  return versions.flatMap((version): (MigrationFile | string)[] => {
    const row = rows.find((each) => each.version === version);
    const file = files.find((each) => each.version === version);
    if (row === undefined) return [`accept: version ${version} is not in the history`];
    if (file === undefined) return [`accept: ${labelOf(row)} has no file`];
    if (row.appliedAt === undefined) return [`accept: ${file.file} is only half done`];
    return isEdited(file) ? [file] : [];
  });
}

function inOrder(a: MigrationRef, b: MigrationRef): number {
  return compareVersions(a.version, b.version);
}
