import { InvalidOptionsError } from '@ops/timeout/check';
import type { MigrationRef } from '../errors.ts';
import { refOf } from '../migration.ts';
import { keyOf, type MigrationFile } from '../sources/source.ts';
import { compareVersions, normalizeVersion } from '../sources/version.ts';
import type { HistoryRow } from './read-history.ts';

/** What `down` is asked for. */
export interface DownWish {
  readonly pack: string;
  /** Either this or `to`; without both, all are meant. */
  readonly steps: number | undefined;
  readonly to: string | undefined;
}

/** A row to be taken back, and its file where there is one. */
export interface Choice {
  /** Its `file` is the real one's, where there is one. */
  readonly row: HistoryRow;
  readonly file: MigrationFile | undefined;
}

/** What a wish comes to. */
export interface Chosen {
  readonly choices: readonly Choice[];
  /** Those that are half applied: `up` has failed there, or is at work at this moment. */
  readonly half: readonly MigrationRef[];
}

/**
 * The rows to take back: one that is half taken back, then the others from the newest version down.
 * Not by the times of application: those that another tool has kept may be in any order.
 *
 * @throws InvalidOptionsError
 */
export function chooseReversals(
  allRows: readonly HistoryRow[],
  files: readonly MigrationFile[],
  wish: DownWish,
): Chosen {
  const byKey = new Map(files.map((file) => [keyOf(file), file]));
  const all = allRows
    .filter(({ pack }) => pack === wish.pack)
    .toSorted(newestFirst)
    .map((row): Choice => {
      const file = byKey.get(keyOf(row));
      return { row: { ...row, file: file?.file ?? row.file }, file };
    });
  const isHalf = ({ row }: Choice): boolean => row.appliedAt === undefined && !row.isReverting;
  const half = all.filter(isHalf).map(({ row }) => refOf(row));
  const choices = all.filter((each) => !isHalf(each));
  if (wish.to === undefined) return { choices: choices.slice(0, wish.steps), half };
  const last = newestThatStays(choices, wish.to);
  const isNewer = ({ row }: Choice): boolean =>
    row.isReverting || compareVersions(row.version, last) > 0;
  return { choices: choices.filter(isNewer), half };
}

/** @throws InvalidOptionsError: a slip of the pen would take too much back. */
function newestThatStays(choices: readonly Choice[], to: string): string {
  const version = normalizeVersion(to);
  if (version === '0') return version;
  const row = choices.find((choice) => choice.row.version === version)?.row;
  if (row !== undefined && !row.isReverting) return row.version;
  const why = row === undefined ? 'is not applied' : 'is half taken back, and cannot stay';
  throw new InvalidOptionsError(`down: to: the version '${to}' ${why}; '0' takes all back`);
}

function newestFirst(a: HistoryRow, b: HistoryRow): number {
  return Number(b.isReverting) - Number(a.isReverting) || compareVersions(b.version, a.version);
}
