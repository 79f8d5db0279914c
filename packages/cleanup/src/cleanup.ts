import { InvalidOptionsError } from '@ops/timeout';
import { type RestoreOptions, restoreRun } from './archive/restore.ts';
import type { RestoreReport } from './archive/restore-report.ts';
import { inTransaction } from './database.ts';
import { diagnose } from './doctor/diagnose.ts';
import type { CleanupDiagnosis } from './doctor/diagnosis.ts';
import { type DoctorOptions, parseDoctorOptions } from './doctor/doctor-options.ts';
import type { CleanupEvent } from './events.ts';
import { checkRunId, requireRun } from './history/known-run.ts';
import { type StopReport, stopRun } from './history/stop-run.ts';
import { makePlan } from './make-plan.ts';
import type {
  CleanupOptions,
  PlanOptions,
  RunOptions,
  Settings,
  StatusOptions,
  StopOptions,
} from './options.ts';
import {
  parseOptions,
  parsePlanOptions,
  parseRestoreOptions,
  parseRunOptions,
  parseStatusOptions,
  parseStopOptions,
  parseUndoOptions,
} from './parse-options.ts';
import type { CleanupPlan } from './plan.ts';
import { LOOK_LIMITS } from './policy/prepare-policy.ts';
import type { CleanupReport } from './report.ts';
import { runAll } from './run-all.ts';
import { type UndoOptions, undoRun } from './soft-delete/undo.ts';
import type { UndoReport } from './soft-delete/undo-report.ts';
import { type CleanupStatus, readStatus } from './status/status.ts';
import { type RunEndedEvent, streamRun } from './stream.ts';
import { wiring } from './wiring.ts';

/** What `createCleanup` returns. It holds nothing open, so there is nothing to close. */
export interface Cleanup<Name extends string = string> {
  /**
   * Looks at every policy and changes nothing; all of it runs in read-only transactions, each
   * statement limited to 10 s. What is wrong with a policy is in its `refusals`, all of it together.
   *
   * @throws the driver's error when the database cannot be reached, or the signal's reason.
   * @throws InvalidOptionsError when an option is wrong, or there is no policy of a name.
   */
  plan(options?: PlanOptions): Promise<CleanupPlan<Name>>;
  /**
   * Does what the policies say, one policy after another, each looked at anew first: in the order
   * given, but a table that references another policy's table before that one. Resolves with a
   * report whatever happens, also when the database cannot be reached: look at `report.ok`.
   *
   * @throws InvalidOptionsError when an option is wrong, before anything is done.
   */
  run(options?: RunOptions): Promise<CleanupReport<Name>>;
  /**
   * As {@link Cleanup.run}, with everything that happens as it comes, and its report as the last item.
   * The run starts when the first item is asked for. Leaving the loop stops it after the batch in
   * progress.
   *
   * @throws InvalidOptionsError at the first item.
   */
  stream(options?: RunOptions): AsyncIterable<CleanupEvent | RunEndedEvent<Name>>;
  /**
   * How late each policy is, and how its last run ended: for a health check. Reads only; each policy
   * takes at most 2 s, and with an index on its column a millisecond.
   *
   * @throws InvalidOptionsError, CleanupTablesMissingError, the signal's reason, or the driver's
   * error when the database cannot be reached.
   */
  status(options?: StatusOptions): Promise<CleanupStatus<Name>>;
  /**
   * Asks the run of this name that is under way, in whatever process, to stop after the batch in
   * progress; its policies end with `stopped`. The next run is not concerned.
   *
   * @throws InvalidOptionsError, CleanupTablesMissingError, the signal's reason, or what the database
   * says.
   */
  stop(options?: StopOptions): Promise<StopReport>;
  /**
   * Takes back the soft deletes of a run, within `purgeAfter`: every row that is still as the run
   * marked it gets its old values. May be called again, and beside a run.
   *
   * @throws UnknownRunError, CleanupTablesMissingError, InvalidOptionsError, the signal's reason.
   */
  undo(runId: string, options?: UndoOptions): Promise<UndoReport>;
  /**
   * Brings back what a run archived: every checksum is verified before a row is inserted, rows that
   * are there already stay, and rows leave an archive table as they return. May be called again.
   *
   * @throws RestoreRefusedError, ArchiveDamagedError, UnknownRunError, CleanupTablesMissingError,
   * InvalidOptionsError, the signal's reason.
   */
  restore(runId: string, options?: RestoreOptions): Promise<RestoreReport>;
  /**
   * Looks for what keeps the policies from their work: rights, indexes, statistics, what holds back
   * vacuum, half-done things. Reads catalogs and statistics only, each statement limited to 10 s.
   *
   * @throws InvalidOptionsError, the signal's reason, or the driver's error when the database cannot
   * be reached.
   */
  doctor(options?: DoctorOptions): Promise<CleanupDiagnosis>;
}

/**
 * Retention for PostgreSQL tables. Touches nothing until `plan()` or `run()` is called.
 *
 * The role needs SELECT, UPDATE (for the row locks) and DELETE on the tables, and SELECT and UPDATE
 * on those of holds.
 *
 * @throws InvalidOptionsError that names every wrong option.
 */
export function createCleanup<const Name extends string>(
  options: CleanupOptions<Name>,
): Cleanup<Name> {
  const settings = parseOptions(options);
  const ledger = wiring.createLedger(settings);
  return {
    plan: async (planOptions) => {
      const { signal, policies } = parsePlanOptions(planOptions ?? {});
      return makePlan(settings, ledger, { signal, policies: chosen(settings, policies, 'plan') });
    },
    run: async (runOptions) => {
      const parsed = parseRunOptions(runOptions ?? {});
      return runAll(settings, ledger, {
        ...parsed,
        policies: chosen(settings, parsed.policies, 'run'),
      });
    },
    stream(runOptions) {
      const begin = (onEvent: (event: CleanupEvent) => void, signal: AbortSignal) => {
        const parsed = parseRunOptions(runOptions ?? {});
        const policies = chosen(settings, parsed.policies, 'run');
        return runAll(alsoTelling(settings, onEvent), ledger, { ...parsed, policies, signal });
      };
      // One that is none is refused with the other options, at the first item.
      const given: unknown = runOptions?.signal;
      const signal = given instanceof AbortSignal ? given : undefined;
      return streamRun(async (...told) => begin(...told), signal);
    },
    status: async (statusOptions) => {
      const { policies, overdueAfterMs, signal } = parseStatusOptions(statusOptions ?? {});
      return readStatus({ pool: settings.pool, clock: settings.clock, signal }, settings, {
        policies: chosen(settings, policies, 'status'),
        overdueAfterMs,
      });
    },
    stop: async (stopOptions) => {
      const { signal, by, reason } = parseStopOptions(stopOptions ?? {});
      const { pool, clock, history, name } = settings;
      return stopRun({ pool, clock, signal }, history.schema, { name, by, reason });
    },
    undo: async (runId, undoOptions) =>
      undoRun(settings, runId, parseUndoOptions(undoOptions ?? {})),
    async restore(runId, restoreOptions) {
      checkRunId('restore', runId);
      const parsed = parseRestoreOptions(restoreOptions ?? {});
      parsed.signal?.throwIfAborted();
      const { pool, clock, history } = settings;
      await inTransaction({ pool, clock, signal: parsed.signal }, LOOK_LIMITS, (query) =>
        requireRun(query, history.schema, runId),
      );
      return restoreRun(settings, runId, parsed);
    },
    doctor: async (doctorOptions) => {
      const { signal, policies } = parseDoctorOptions(doctorOptions ?? {});
      return diagnose(settings, { signal, policies: chosen(settings, policies, 'doctor') });
    },
  };
}

/** The stream's reader, after the listener of `onEvent`. */
function alsoTelling(settings: Settings, tell: (event: CleanupEvent) => void): Settings {
  const { onEvent } = settings;
  return {
    ...settings,
    onEvent(event) {
      tell(event);
      // Its own failures are its own, as in any run.
      return onEvent?.(event);
    },
  };
}

function chosen(
  { policies }: Settings,
  names: readonly string[] | undefined,
  verb: 'plan' | 'run' | 'status' | 'doctor',
): readonly string[] {
  const all = Object.keys(policies);
  const unknown = (names ?? []).filter((name) => !all.includes(name));
  if (unknown.length > 0 || names?.length === 0) {
    const got = unknown.length > 0 ? unknown.map((name) => `'${name}'`).join(', ') : 'none';
    throw new InvalidOptionsError(
      `cleanup.${verb}: policies: expected some of ${all.join(', ')}, got ${got}`,
    );
  }
  return all.filter((name) => names === undefined || names.includes(name));
}
