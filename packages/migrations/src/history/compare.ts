import type { MigrationError, MigrationRef } from '../errors.ts';
import { type Migration, refOf } from '../migration.ts';
import { keyOf, type MigrationFile } from '../sources/source.ts';
import { findFarFuture } from './far-future.ts';
import { findDrift, findHalfReverted, findLate, findMissing } from './problems.ts';
import type { HistoryRow } from './read-history.ts';

/** A file that `up` has to apply, and how far an earlier run got with it. */
export interface PendingMigration {
  readonly migration: Migration;
  /** What it was parsed from. */
  readonly file: MigrationFile;
  readonly stepsDone: number;
  /** See {@link HistoryRow.wasInterrupted}. */
  readonly wasInterrupted: boolean;
  /** See {@link HistoryRow.position}. */
  readonly position: string | undefined;
}

/** Something worth knowing that keeps nothing from running. */
export interface MigrationNote {
  /**
   * `cosmetic-edit`: the file has other comments, white space, line ends or letter case than what was
   * applied. `not-applicable`: a pack's migration waits for a table that is not there.
   */
  readonly kind: 'cosmetic-edit' | 'not-applicable';
  readonly migration: MigrationRef;
  /** One sentence for people. */
  readonly message: string;
}

/** Files against history. */
export interface Comparison {
  /** In the order in which they are run. */
  readonly pending: readonly PendingMigration[];
  /** What keeps `up` from running: missing files first, then changed ones, versions and order last. */
  readonly problems: readonly MigrationError[];
  readonly notes: readonly MigrationNote[];
}

/** What a comparison asks for, when it has to. */
export interface Inquiries {
  /** Name of the history table, for messages. */
  readonly label: string;
  /** Packs that have a source; '' for directories. Rows of others are somebody else's. */
  readonly packs: ReadonlySet<string>;
  readonly allowOutOfOrder?: boolean | undefined;
  /** Since 1970. */
  readonly nowMs: number;
  /** Parses files. Asked once, for those that are pending or have other bytes than what was applied. */
  parse(files: readonly MigrationFile[]): Promise<readonly Migration[]>;
  /** Which of these, all with `when`, have their table. Asked at most once. */
  findApplicable(files: readonly MigrationFile[]): Promise<ReadonlySet<MigrationFile>>;
  /** How the applied text differs. Asked for drifted files only. */
  diff(migration: Migration): Promise<string | undefined>;
}

/** A file as it is, beside the row of what was applied. */
export interface Pair {
  readonly migration: Migration;
  readonly file: MigrationFile;
  readonly row: HistoryRow | undefined;
}

/**
 * Compares what there is with what was applied. When nothing is pending and no file was touched, it
 * asks for nothing: then it is a comparison of fingerprints.
 *
 * @param files in the order in which they are run.
 */
export async function compareWithHistory(
  files: readonly MigrationFile[],
  allRows: readonly HistoryRow[],
  inquiries: Inquiries,
): Promise<Comparison> {
  const rows = new Map(
    allRows.filter(({ pack }) => inquiries.packs.has(pack)).map((row) => [keyOf(row), row]),
  );
  const inapplicable = await findInapplicable(files, rows, inquiries);
  const toParse = files.filter((file) => {
    const row = rows.get(keyOf(file));
    const isDone = row?.appliedAt !== undefined && row.rawHash === file.rawHash;
    return !isDone && !inapplicable.has(file);
  });
  const migrations = toParse.length === 0 ? [] : await inquiries.parse(toParse);
  const pairs = migrations.map((migration, at): Pair => {
    const row = rows.get(keyOf(migration));
    return { migration, file: toParse[at] as MigrationFile, row };
  });
  const pending = pairs.filter(({ row }) => row?.appliedAt === undefined);
  const drift = await findDrift(pairs, inquiries);
  const problems = [
    ...findMissing(files, rows, inquiries.label),
    ...drift.problems,
    ...findHalfReverted(pending),
    ...findFarFuture(pending, inquiries.nowMs),
    ...(inquiries.allowOutOfOrder === true ? [] : findLate(pending, rows)),
  ];
  const notes = [...drift.cosmetic.map(cosmeticNote), ...[...inapplicable].map(inapplicableNote)];
  return { pending: pending.map(pendingOf), problems, notes };
}

function pendingOf({ migration, file, row }: Pair): PendingMigration {
  const { stepsDone = 0, wasInterrupted = false, position } = row ?? {};
  return { migration, file, stepsDone, wasInterrupted, position };
}

/** Those that are begun stay pending whatever became of the table. */
async function findInapplicable(
  files: readonly MigrationFile[],
  rows: ReadonlyMap<string, HistoryRow>,
  { findApplicable }: Inquiries,
): Promise<ReadonlySet<MigrationFile>> {
  const asked = files.filter((file) => file.when !== undefined && !rows.has(keyOf(file)));
  if (asked.length === 0) return new Set();
  const applicable = await findApplicable(asked);
  return new Set(asked.filter((file) => !applicable.has(file)));
}

function cosmeticNote({ migration }: Pair): MigrationNote {
  const message = `${migration.file} was edited after being applied, but says the same`;
  return { kind: 'cosmetic-edit', migration: refOf(migration), message };
}

function inapplicableNote(file: MigrationFile): MigrationNote {
  const { table = '', columns = [] } = file.when ?? {};
  const what = columns.length > 0 ? `${table} with ${columns.join(', ')}` : table;
  const message = `${file.file} waits for the table ${file.schema}.${what}`;
  return { kind: 'not-applicable', migration: refOf(file), message };
}
