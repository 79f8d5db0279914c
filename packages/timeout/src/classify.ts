import { BulkheadFullError, CircuitOpenError, TimeoutError } from './errors.ts';
import type { Context } from './policy.ts';

/** How one attempt ended. */
export type Outcome<T = unknown> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown };

/**
 * What an outcome means, for retry, breaker, budget and hedge alike.
 *
 * - `success`, `ignore`: not repeated; `ignore` counts for nobody.
 * - `failure`: not repeated, counts against the breaker.
 * - `not-sent`: the request never left (DNS, refused, circuit open); repeating is always safe.
 * - `rejected`: the other side says that it did not do it (429, THROTTLED, 503 with Retry-After);
 *   repeating is safe, and it does not trip the breaker.
 * - `ambiguous`: it may have been done (reset, timeout, 5xx); only an idempotent operation is repeated.
 */
export type Verdict =
  | { readonly kind: 'success' | 'ignore' | 'failure' }
  | {
      readonly kind: 'not-sent' | 'rejected' | 'ambiguous';
      /** Wait at least this long before the next attempt. */
      readonly afterMs?: number | undefined;
    };

/** The one predicate; a value can be a failure too (a `Response` with status 503). */
export type Classify = (outcome: Outcome, context: Context) => Verdict;

/** Node's codes for a connection that was never made. */
const NOT_SENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|E(HOST|NET)UNREACH|UND_ERR_CONNECT_TIMEOUT)$/;

/**
 * The default: every value is a success. Of errors, those that say nothing about the other side are
 * ignored (an `AbortError` that the operation threw, a `TypeError` from a bug); turned away here or
 * never connected is `not-sent`; the rest is `ambiguous`.
 */
export const classifyError: Classify = (outcome) => {
  if (outcome.ok) return SUCCESS;
  const { error } = outcome;
  if (error instanceof CircuitOpenError) return { kind: 'not-sent', afterMs: error.retryAfterMs };
  if (isTurnedAway(error)) return { kind: 'not-sent' };
  const { name, code, cause } = Object(error) as { name?: string; code?: unknown; cause?: unknown };
  const reason = code ?? (Object(cause) as { code?: unknown }).code;
  if (typeof reason === 'string' && NOT_SENT.test(reason)) return { kind: 'not-sent' };
  // A TypeError is a bug, unless fetch made it of a connection that failed: then there is a code.
  const isBug = error instanceof TypeError && typeof reason !== 'string';
  return { kind: name === 'AbortError' || isBug ? 'ignore' : 'ambiguous' };
};

const SUCCESS: Verdict = { kind: 'success' };

/** By a layer here and not by the other side, so it is no evidence about the other side. */
export function isTurnedAway(error: unknown): boolean {
  return (
    error instanceof CircuitOpenError ||
    error instanceof BulkheadFullError ||
    (error instanceof TimeoutError && error.scope === 'queue')
  );
}

/** Whether another attempt could help; whether it may be made is another question. */
export function isRepeatable(
  verdict: Verdict,
): verdict is Extract<Verdict, { readonly afterMs?: number | undefined }> {
  return verdict.kind === 'not-sent' || verdict.kind === 'rejected' || verdict.kind === 'ambiguous';
}
