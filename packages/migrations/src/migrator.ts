import type { AdoptOptions, AdoptReport } from './adopt.ts';
import type { BaselineReport } from './baseline.ts';
import { readCallOptions } from './call-options.ts';
import type { DownOptions, DownReport } from './down.ts';
import type { AdoptedTool } from './history/adopt/tool.ts';
import { type MigratorOptions, parseOptions } from './options.ts';
import type { Plan, PlanOptions } from './plan/plan.ts';
import type { RepairOptions, RepairReport } from './repair.ts';
import { assertNothingPending, type MigrationStatus, readStatus } from './status.ts';
import { runUp, type UpOptions, type UpReport } from './up.ts';
import type { VerifyReport } from './verify.ts';
import type { WaitOptions } from './wait.ts';

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
   * What `up` would do: its steps, what to think about first, and all of it as SQL. Read-only, without
   * a lock. Rejects with what `up` would reject with.
   */
  plan(options?: PlanOptions): Promise<Plan>;
  /**
   * Applies everything that is pending, in order. Any number of processes may call it at once: one
   * works, the others wait up to `lock.wait` and then find nothing to do.
   *
   * What it did before failing stays and is recorded; the next call goes on at that step.
   *
   * @throws MigrationError; see the README for the codes.
   */
  up(options?: UpOptions): Promise<UpReport>;
  /** Read-only, without a lock, also before the first `up` and behind a pooler. */
  status(options?: CallOptions): Promise<MigrationStatus>;
  /**
   * Everything that is wrong, with files, history and indexes. Read-only, without a lock; takes what
   * it finds into the report, and rejects only when the database cannot be asked.
   */
  verify(options?: CallOptions): Promise<VerifyReport>;
  /**
   * Takes migrations back, the newest first, by their down files, down sections or the `down` of a
   * module. All of these are read before anything runs. Takes the lock of `up`, keeps progress step by
   * step as `up` does, and deletes the row with the last step; after a failure the next `down` goes on
   * at that step. Edits of what was applied do not matter. When two calls ask for the same at once, one
   * does it.
   *
   * @throws IrreversibleError when something does not say how to take it back; HalfAppliedError.
   */
  down(options: DownOptions): Promise<DownReport>;
  /**
   * Brings the history in line with the files, where the files are right, and removes what interrupted
   * index builds have left. Does nothing that is not asked for.
   *
   * @throws RepairError when that would make the history wrong; InvalidOptionsError.
   */
  repair(options: RepairOptions): Promise<RepairReport>;
  /**
   * Resolves when nothing is pending. Read-only, so fit for start-up and health checks. Files that
   * are missing or changed do not count: an older release beside a newer database is healthy.
   *
   * @throws PendingMigrationsError
   */
  assertCurrent(options?: CallOptions): Promise<void>;
  /**
   * Resolves as soon as nothing is pending: for processes that start while another one migrates. Looks
   * about once a second, read-only. A database that cannot be reached rejects at once.
   *
   * @throws PendingMigrationsError when the time is up; ConnectionError
   */
  wait(options?: WaitOptions): Promise<void>;
  /**
   * Records the files of the directories up to and with `version` as applied, and runs nothing: for a
   * database that has them already. Takes the lock of `up`. Files that are recorded stay as they are.
   *
   * @throws InvalidOptionsError when no file has that version.
   */
  baseline(version: string, options?: CallOptions): Promise<BaselineReport>;
  /**
   * Records what another tool has applied as applied by us, with the times it kept. Before the first
   * `up`; a second time it does nothing. Takes the lock of `up`, only reads the tool's table, and
   * writes all rows or none.
   *
   * @throws AdoptError with everything that is in the way: files missing or changed since, migrations
   *   that the tool did not finish, no table.
   */
  adopt(tool: AdoptedTool, options?: AdoptOptions): Promise<AdoptReport>;
}

/**
 * Checks the options; connects to nothing and reads no file.
 *
 * @throws InvalidOptionsError naming every wrong option.
 */
export function createMigrator(options: MigratorOptions): Migrator {
  const settings = parseOptions(options);
  return {
    up: (given = {}) => runUp(settings, given),
    async plan(given = {}) {
      const { makePlan } = await import('./plan/plan.ts');
      return makePlan(settings, given);
    },
    status: async (given = {}) => readStatus(settings, readCallOptions('status', given).signal),
    async verify(given = {}) {
      const { signal } = readCallOptions('verify', given);
      const { makeVerifyReport } = await import('./verify.ts');
      return makeVerifyReport(settings, signal);
    },
    down: async (given) => (await import('./down.ts')).runDown(settings, given),
    repair: async (given) => (await import('./repair.ts')).runRepair(settings, given),
    // Not read strictly: a health check calls it with a context of its own.
    assertCurrent: async ({ signal } = {}) => assertNothingPending(settings, signal),
    async wait(given = {}) {
      const { waitUntilCurrent } = await import('./wait.ts');
      return waitUntilCurrent(settings, given);
    },
    async baseline(version, given = {}) {
      const { signal } = readCallOptions('baseline', given);
      const { runBaseline } = await import('./baseline.ts');
      return runBaseline(settings, version, signal);
    },
    adopt: async (tool, given) => (await import('./adopt.ts')).runAdopt(settings, tool, given),
  };
}
