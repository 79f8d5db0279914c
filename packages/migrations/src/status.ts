import { type MigrationError, type MigrationRef, PendingMigrationsError } from './errors.ts';
import type { MigrationNote } from './history/compare.ts';
import { refOf } from './migration.ts';
import type { Settings } from './options.ts';
import { compareNow, inSituation } from './situation.ts';
import { keyOf } from './sources/source.ts';
import { compareVersions } from './sources/version.ts';

/** Files against database. */
export interface MigrationStatus {
  /** By pack and version. */
  readonly applied: readonly AppliedMigration[];
  /** In the order in which `up` will apply them. */
  readonly pending: readonly PendingStatus[];
  /** What would keep `up` from running: files missing, changed, or out of order. */
  readonly problems: readonly MigrationError[];
  /** What is worth knowing and keeps nothing from running. */
  readonly notes: readonly MigrationNote[];
}

/** A row of the history that is complete. Its file may be missing, see `problems`. */
export interface AppliedMigration extends MigrationRef {
  readonly appliedAt: Date;
  /** Time that its steps took, over all runs. */
  readonly durationMs: number;
  /** 0 where another tool has applied what is no SQL, or could not be parsed. */
  readonly stepCount: number;
  /** Who says so: `up`, `baseline`, or `adopt:` and the name of a tool. */
  readonly origin: string;
}

/** A file that is still to be applied, or to be finished. */
export interface PendingStatus extends MigrationRef {
  readonly stepCount: number;
  /** Above 0 when a run got part of the way. */
  readonly stepsDone: number;
  /** True when `down` got part of the way: the numbers of steps are those of what takes it back. */
  readonly isReverting: boolean;
}

/** Reads, and writes nothing: no lock, no table. */
export async function readStatus(
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<MigrationStatus> {
  return inSituation(settings, signal, async (situation) => {
    const { rows, pending, problems, notes } = await compareNow(situation);
    const files = new Map(situation.files.map((file) => [keyOf(file), file.file]));
    const applied = rows.flatMap((row): AppliedMigration[] => {
      const { appliedAt, durationMs, origin, stepCount } = row;
      if (appliedAt === undefined) return [];
      const file = files.get(keyOf(row)) ?? row.file;
      return [{ ...refOf(row), file, appliedAt, durationMs, origin, stepCount }];
    });
    const begun = new Map(rows.map((row) => [keyOf(row), row]));
    const waiting = pending.map(({ migration, stepsDone }): PendingStatus => {
      const row = begun.get(keyOf(migration));
      const isReverting = row?.isReverting === true;
      const stepCount = isReverting ? row.stepCount : migration.steps.length;
      return { ...refOf(migration), stepCount, stepsDone, isReverting };
    });
    return { applied: applied.toSorted(inOrder), pending: waiting, problems, notes };
  });
}

/** @throws PendingMigrationsError */
export async function assertNothingPending(
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { pending } = await readStatus(settings, signal);
  if (pending.length > 0) throw new PendingMigrationsError(pending.map(refOf));
}

function inOrder(a: MigrationRef, b: MigrationRef): number {
  if (a.pack !== b.pack) return a.pack < b.pack ? -1 : 1;
  return compareVersions(a.version, b.version);
}
