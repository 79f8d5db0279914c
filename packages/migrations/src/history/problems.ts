import {
  DriftError,
  type DriftedFile,
  HalfRevertedError,
  type MigrationError,
  MissingFileError,
  OrderError,
} from '../errors.ts';
import { hashSteps, refOf } from '../migration.ts';
import { keyOf, type MigrationFile } from '../sources/source.ts';
import { compareVersions } from '../sources/version.ts';
import type { Inquiries, Pair } from './compare.ts';
import type { HistoryRow } from './read-history.ts';

/** Edited files: those that say something else, and those that only look different. */
export interface Drift {
  readonly problems: readonly MigrationError[];
  readonly cosmetic: readonly Pair[];
}

export async function findDrift(pairs: readonly Pair[], { diff }: Inquiries): Promise<Drift> {
  const drifted: DriftedFile[] = [];
  const cosmetic: Pair[] = [];
  for (const pair of pairs) {
    const hashes = hashesOf(pair);
    if (hashes === undefined) continue;
    const { appliedHash, fileHash } = hashes;
    if (appliedHash !== fileHash) {
      const ref = refOf(pair.migration);
      drifted.push({ ...ref, diff: await diff(pair.migration), appliedHash, fileHash });
    } else if (pair.row?.appliedAt !== undefined) cosmetic.push(pair);
  }
  return { problems: drifted.length > 0 ? [new DriftError(drifted)] : [], cosmetic };
}

/** Of a file that is partly applied, only the part that is done must be as it was. */
function hashesOf({
  migration,
  row,
}: Pair): { readonly appliedHash: string; readonly fileHash: string } | undefined {
  if (row === undefined || row.isReverting) return undefined;
  if (row.appliedAt !== undefined) return { appliedHash: row.hash, fileHash: migration.hash };
  // When steps that are done are gone, this is the fingerprint of fewer, and differs.
  return { appliedHash: row.stepsHash, fileHash: hashSteps(migration, row.stepsDone) };
}

export function findMissing(
  files: readonly MigrationFile[],
  rows: ReadonlyMap<string, HistoryRow>,
  label: string,
): MigrationError[] {
  const keys = new Set(files.map(keyOf));
  const missing = [...rows].filter(([key]) => !keys.has(key)).map(([, row]) => row);
  if (missing.length === 0) return [];
  const inOrder = missing.toSorted(
    (a, b) =>
      (a.pack < b.pack ? -1 : a.pack > b.pack ? 1 : 0) || compareVersions(a.version, b.version),
  );
  return [new MissingFileError(inOrder.map(refOf), label)];
}

export function findHalfReverted(pending: readonly Pair[]): MigrationError[] {
  const half = pending.filter(({ row }) => row?.isReverting === true);
  return half.length > 0
    ? [new HalfRevertedError(half.map(({ migration }) => refOf(migration)))]
    : [];
}

/**
 * Files that come after newer ones, one error for each pack. A migration that has waited for its table
 * (`when`) is late by nature.
 */
export function findLate(
  pending: readonly Pair[],
  rows: ReadonlyMap<string, HistoryRow>,
): MigrationError[] {
  const newest = new Map<string, HistoryRow>();
  for (const row of rows.values()) {
    const other = newest.get(row.pack);
    if (!other || compareVersions(row.version, other.version) > 0) newest.set(row.pack, row);
  }
  return [...newest].flatMap(([pack, newestRow]) => {
    const late = pending.filter(
      ({ migration, file, row }) =>
        migration.pack === pack &&
        row === undefined &&
        file.when === undefined &&
        !migration.directives.outOfOrder &&
        compareVersions(migration.version, newestRow.version) < 0,
    );
    if (late.length === 0) return [];
    return [
      new OrderError(
        late.map(({ migration }) => refOf(migration)),
        refOf(newestRow),
      ),
    ];
  });
}
