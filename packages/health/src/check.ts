import type { Duration } from '@ops/timeout';

/** From best to worst: `pass`, `warn` (still serving), `fail`. */
export type Status = 'pass' | 'warn' | 'fail';

/**
 * Why a check has the status it has. The set is closed: a code, unlike an error's message, cannot
 * carry a secret, so it is all that a reader without authority is told.
 *
 * The engine itself gives `timeout`, `stale` (no result for too long), `not_run`, `invalid_result`
 * (a result that cannot be understood) and `shutting_down`.
 */
export const OUTCOME_CODES = [
  'ok',
  'timeout',
  'refused',
  'dns',
  'tls',
  'auth',
  'rate_limited',
  'bad_response',
  'saturated',
  'stale',
  'not_run',
  'threshold',
  'insufficient_privilege',
  'shutting_down',
  'invalid_result',
  'error',
] as const;

/** One of {@link OUTCOME_CODES}. */
export type OutcomeCode = (typeof OUTCOME_CODES)[number];

/** What a check may return instead of nothing. Any other key makes the result invalid, a fail. */
export interface Measurement {
  /** @default 'pass' */
  readonly status?: Status | undefined;
  /** What was measured. Strings of up to 512 characters; numbers must be finite. Authorised readers only. */
  readonly value?: number | string | boolean | undefined;
  /** Unit of `value`, up to 64 characters, as `ms` or `bytes`. */
  readonly unit?: string | undefined;
  /** Default: `ok` on pass, `threshold` on warn, `error` on fail. `ok` goes with pass and only with it. */
  readonly code?: OutcomeCode | undefined;
}

/** Nothing: the check passes. Throwing: it fails. */
// oxlint-disable-next-line typescript/no-invalid-void-type -- a check written as `async () => { … }` returns void
export type Outcome = void | undefined | Measurement;

/** What a check is given. */
export interface CheckContext {
  /** Aborted when the time limit is reached and when the health object is stopped; never by a probe. */
  readonly signal: AbortSignal;
  /** The check's key in `checks`. */
  readonly name: string;
  /** Counts the attempts of this check, from 1. */
  readonly attempt: number;
  /** The time limit of this attempt, in milliseconds. */
  readonly timeoutMs: number;
}

/** A check that needs no options of its own. */
export type CheckFunction = (context: CheckContext) => Outcome | Promise<Outcome>;

/** How one check is run and judged. */
export interface CheckSpec {
  /**
   * Does the check. Called with no attempt of the same check outstanding; one that ignores its
   * signal and never settles is therefore called once and not again.
   */
  run(context: CheckContext): Outcome | Promise<Outcome>;
  /**
   * What is looked at, by the health+json draft.
   * @default 'component'
   */
  readonly kind?: 'component' | 'datastore' | 'system' | undefined;
  /**
   * Whether it depends on something outside this process. Such a check cannot be a member of
   * `live`: restarting this process would not repair the other side.
   * @default false
   */
  readonly external?: boolean | undefined;
  /**
   * Whether its failure is a failure of the group; otherwise it shows as `warn`.
   * @default true
   */
  readonly critical?: boolean | undefined;
  /** Time limit of one attempt. Default: `defaults.timeout`. More than 0. */
  readonly timeout?: Duration | undefined;
  /** Age up to which a result is used without a new attempt. Default: `defaults.ttl`. More than 0. */
  readonly ttl?: Duration | undefined;
  /** Age above which a result is no longer believed. Default: `defaults.maxStale`. At least `ttl`. */
  readonly maxStale?: Duration | undefined;
  /** Lets go of what the check holds. Called once, by `stop()`, after its signal was aborted. */
  close?(): void | Promise<void>;
}

/** A check on something outside this process. */
export interface ExternalCheckSpec extends CheckSpec {
  readonly external: true;
}

/** A function or a {@link CheckSpec}. */
export type Check = CheckFunction | CheckSpec;

const SEVERITY: Readonly<Record<Status, number>> = { pass: 0, warn: 1, fail: 2 };

/** Whether `a` is worse than `b`. */
export function isWorse(a: Status, b: Status): boolean {
  return SEVERITY[a] > SEVERITY[b];
}
