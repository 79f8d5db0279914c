import { createConnector } from './database/connector.ts';
import { openSession } from './database/session.ts';
import { type MigrationError, type MigrationRef, PendingMigrationsError } from './errors.ts';
import { compareWithHistory } from './history/compare.ts';
import { createHistory } from './history/history.ts';
import { refOf } from './migration.ts';
import type { Settings } from './options.ts';
import { loadSources } from './sources/load.ts';

/** Files against database, in order of version. */
export interface MigrationStatus {
  readonly applied: readonly AppliedMigration[];
  readonly pending: readonly PendingStatus[];
  /** What would keep `up` from running: files missing, changed, or out of order. */
  readonly problems: readonly MigrationError[];
}

/** A row of the history that is complete. Its file may be missing, see `problems`. */
export interface AppliedMigration extends MigrationRef {
  readonly appliedAt: Date;
  /** Time that its steps took, over all runs. */
  readonly durationMs: number;
}

/** A file that is still to be applied, or to be finished. */
export interface PendingStatus extends MigrationRef {
  readonly stepCount: number;
  /** Above 0 when a run got part of the way. */
  readonly stepsDone: number;
}

/** Reads, and writes nothing: no lock, no table. */
export async function readStatus(
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<MigrationStatus> {
  signal?.throwIfAborted();
  const migrations = await loadSources(settings.sources);
  const history = createHistory(settings.schema);
  const connector = createConnector(settings.connection, settings.connectTimeoutMs);
  const session = await openSession(connector, settings, signal);
  try {
    const rows = await history.read(session);
    const { pending, problems } = compareWithHistory(migrations, rows, history);
    const files = new Map(migrations.map(({ version, file }) => [version, file]));
    const applied = rows.flatMap((row): AppliedMigration[] => {
      const { appliedAt, durationMs } = row;
      if (appliedAt === undefined) return [];
      return [{ ...refOf(row), file: files.get(row.version) ?? row.file, appliedAt, durationMs }];
    });
    const waiting = pending.map(({ migration, stepsDone }): PendingStatus => {
      return { ...refOf(migration), stepCount: migration.steps.length, stepsDone };
    });
    return { applied, pending: waiting, problems };
  } finally {
    await session.close();
  }
}

/** @throws PendingMigrationsError */
export async function assertNothingPending(
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { pending } = await readStatus(settings, signal);
  if (pending.length > 0) throw new PendingMigrationsError(pending.map(refOf));
}
