/** From best to worst: `pass`, `warn` (still serving), `fail`. */
export type Status = 'pass' | 'warn' | 'fail';

/**
 * Why a check has the status it has. The set is closed: a code, unlike an error's message, cannot
 * carry a secret, so it is all that a reader without authority is told.
 *
 * The engine itself gives `timeout`, `stale` (no result for too long), `not_run`, `invalid_result`
 * (a result that cannot be understood), `shutting_down` and `fatal`.
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
  'fatal',
  'invalid_result',
  'error',
] as const;

/** One of {@link OUTCOME_CODES}. */
export type OutcomeCode = (typeof OUTCOME_CODES)[number];

const SEVERITY: Readonly<Record<Status, number>> = { pass: 0, warn: 1, fail: 2 };

/** Whether `a` is worse than `b`. */
export function isWorse(a: Status, b: Status): boolean {
  return SEVERITY[a] > SEVERITY[b];
}

/** A status and its reason. */
export interface Standing {
  readonly status: Status;
  readonly code: OutcomeCode;
}

export const HEALTHY: Standing = { status: 'pass', code: 'ok' };

/** The worst of several, the first of equals. */
export function worstOf(standings: readonly Standing[]): Standing {
  return standings.reduce(
    (worst, next) => (isWorse(next.status, worst.status) ? next : worst),
    HEALTHY,
  );
}
