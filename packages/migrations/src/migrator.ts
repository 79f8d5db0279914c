import { type MigratorOptions, parseOptions } from './options.ts';
import { assertNothingPending, type MigrationStatus, readStatus } from './status.ts';
import { runUp, type UpReport } from './up.ts';

/** Options of each call. */
export interface CallOptions {
  /**
   * Aborting it rejects with the identical `signal.reason`, once the running statement has been
   * cancelled, its transaction rolled back and the lock released.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Applies migrations and tells what has been applied. Holds no connection between calls. */
export interface Migrator {
  /**
   * Applies everything that is pending, in order. Any number of processes may call it at once: one
   * works, the others wait up to `lock.wait` and then find nothing to do.
   *
   * What it did before failing stays and is recorded; the next call goes on at that step.
   *
   * @throws MigrationError; see the README for the codes.
   */
  up(options?: CallOptions): Promise<UpReport>;
  /** Read-only, without a lock, also before the first `up` and behind a pooler. */
  status(options?: CallOptions): Promise<MigrationStatus>;
  /**
   * Resolves when nothing is pending. Read-only, so fit for start-up and health checks. Files that
   * are missing or changed do not count: an older release beside a newer database is healthy.
   *
   * @throws PendingMigrationsError
   */
  assertCurrent(options?: CallOptions): Promise<void>;
}

/**
 * Checks the options; connects to nothing and reads no file.
 *
 * @throws InvalidOptionsError naming every wrong option.
 */
export function createMigrator(options: MigratorOptions): Migrator {
  const settings = parseOptions(options);
  return {
    up: ({ signal } = {}) => runUp(settings, signal),
    status: ({ signal } = {}) => readStatus(settings, signal),
    assertCurrent: ({ signal } = {}) => assertNothingPending(settings, signal),
  };
}
