import {
  DriftError,
  type MigrationError,
  type MigrationRef,
  MissingFileError,
  OrderError,
} from '../errors.ts';
import { hashSteps, type Migration, refOf } from '../migration.ts';
import type { History, HistoryRow } from './history.ts';

/** A file that `up` has to apply, and how far an earlier run got with it. */
export interface PendingMigration {
  readonly migration: Migration;
  readonly stepsDone: number;
  /** See {@link HistoryRow.wasInterrupted}. */
  readonly wasInterrupted: boolean;
}

/** Files against history. */
export interface Comparison {
  readonly pending: readonly PendingMigration[];
  /** What keeps `up` from running: missing files first, then changed ones, then the order. */
  readonly problems: readonly MigrationError[];
}

/** @param migrations in order of version. */
export function compareWithHistory(
  migrations: readonly Migration[],
  rows: readonly HistoryRow[],
  history: Pick<History, 'label'>,
): Comparison {
  const rowOf = new Map(rows.map((row) => [row.version, row]));
  const versions = new Set(migrations.map(({ version }) => version));
  const missing = rows.filter(({ version }) => !versions.has(version));
  const changed = migrations.filter((migration) => {
    const row = rowOf.get(migration.version);
    return row !== undefined && hasChanged(migration, row);
  });
  const pending = migrations.flatMap((migration): PendingMigration[] => {
    const row = rowOf.get(migration.version);
    if (row?.appliedAt !== undefined) return [];
    const { stepsDone = 0, wasInterrupted = false } = row ?? {};
    return [{ migration, stepsDone, wasInterrupted }];
  });
  const newest = rows.toSorted(byVersion).at(-1);
  const late = pending.filter(
    ({ migration }) => newest && !rowOf.has(migration.version) && byVersion(migration, newest) < 0,
  );
  const problems: MigrationError[] = [];
  if (missing.length > 0) problems.push(new MissingFileError(missing.map(refOf), history.label));
  if (changed.length > 0) problems.push(new DriftError(changed.map(refOf)));
  if (newest && late.length > 0) {
    problems.push(
      new OrderError(
        late.map(({ migration }) => refOf(migration)),
        refOf(newest),
      ),
    );
  }
  return { pending, problems };
}

/** By the number that the version is, however long. */
export function byVersion(a: MigrationRef, b: MigrationRef): number {
  const difference = BigInt(a.version) - BigInt(b.version);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Of a file that is partly applied, only the part that is done must be as it was. */
function hasChanged(migration: Migration, row: HistoryRow): boolean {
  if (row.appliedAt !== undefined) return migration.hash !== row.hash;
  return (
    row.stepsDone > migration.steps.length || hashSteps(migration, row.stepsDone) !== row.stepsHash
  );
}
