import type { Duration } from '@ops/timeout';
import type { HealthReport } from './report.ts';

/** Options of {@link Health.check}. */
export interface CheckOptions {
  /** Aborting it rejects with its reason and stops the waiting, not the checks: others wait too. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Health.watch}. */
export interface WatchOptions {
  /** Aborting it ends the iteration, without an error. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Health.drain}. */
export interface DrainOptions {
  /**
   * How long to wait for load balancers to see it, counted from the first call: at least their
   * probe interval times their failure threshold.
   * @default '5s'
   */
  readonly delay?: Duration | undefined;
  /** Aborting it rejects with its reason; readiness stays withdrawn. */
  readonly signal?: AbortSignal | undefined;
}

/** Made by {@link createHealth}; `Members` has the names of each group's checks. */
export interface Health<Members = Readonly<Record<string, string>>> extends AsyncDisposable {
  /**
   * Answers `/health`, `/health/ui`, `/health/metrics`, `/livez`, `/readyz`, `/startupz`, `/healthz`
   * and `/livez/NAME`; 404 to anything else. Never rejects. Needs no `this`.
   *
   * It waits only when a check has no result that may be shown, and then for the check's time
   * limit at most. The request's signal is not looked at: a probe that goes away stops nothing.
   */
  fetch(request: Request): Promise<Response>;
  /**
   * Begins to run the checks that have `every`. Probes, `report`, `check` and `watch` do so too, so
   * it is needed only when none of them may come for a while.
   */
  start(): void;
  /** How every check, or the checks of `group`, stand now. Waits for nothing. */
  report(): HealthReport<MembersIn<Members, 'all'>>;
  report<Group extends GroupIn<Members>>(group: Group): HealthReport<MembersIn<Members, Group>>;
  /**
   * Runs what is older than its ttl, waits for it (each check for its time limit at most), and
   * reports. Joins attempts that are under way; does not wait for one that is overdue. Checks with
   * `every` keep to their schedule.
   */
  check(): Promise<HealthReport<MembersIn<Members, 'all'>>>;
  check<Group extends GroupIn<Members>>(
    group: Group,
    options?: CheckOptions,
  ): Promise<HealthReport<MembersIn<Members, Group>>>;
  /**
   * Reports of `group`: the present one at once, then one whenever the status or code of the group
   * or of a member has changed since the last one taken. A slow consumer gets the newest only. Ends
   * with `stop()`, after a last report, and when the signal is aborted; it does not keep the
   * process alive. It runs no check without `every`: of those it tells what others' probes bring.
   */
  watch(): AsyncIterable<HealthReport<MembersIn<Members, 'all'>>>;
  watch<Group extends GroupIn<Members>>(
    group: Group,
    options?: WatchOptions,
  ): AsyncIterable<HealthReport<MembersIn<Members, Group>>>;
  /**
   * Says that nothing but a restart will help, as a pool that is broken for good: `live`, `ready`,
   * `all`, and `startup` if it has not passed, fail with `fatal` until the process ends. The first
   * reason stays. It is shown, redacted and cut to 512 bytes, to authorised readers.
   */
  fatal(reason: string): void;
  /**
   * Call it when told to end, before closing the server: `ready` and `all` fail at once with
   * `shutting_down`, for good, while `live` is not touched. Resolves after the delay, or when
   * stopped. Calling it again changes nothing: every call's delay counts from the first.
   */
  drain(options?: DrainOptions): Promise<void>;
  /**
   * Withdraws readiness, aborts what is running, closes what the checks hold and lets the publishers
   * tell what they have not told yet, waiting for each at most its time limit. What a check does in spite of its signal goes on. The same promise on
   * every call.
   */
  stop(): Promise<void>;
}

/** Names of the groups. */
export type GroupIn<Members> = Extract<keyof Members, string>;

type MembersIn<Members, Group> = Group extends keyof Members
  ? Extract<Members[Group], string>
  : never;
