import { classifyError, type Outcome, type Verdict } from '../classify.ts';
import type { Context } from '../policy.ts';
import { type NetworkFailure, networkFailureOf } from './network-error.ts';
import { parseRetryAfter } from './parse-retry-after.ts';
import { readWait } from './rate-limit.ts';

/** The server says that it did not do it: too many requests, or (RFC 8470) too early. */
const REJECTED: ReadonlySet<number> = new Set([425, 429]);
const MEANING: Readonly<Record<NetworkFailure, Verdict['kind']>> = {
  'not-sent': 'not-sent',
  ambiguous: 'ambiguous',
  untrusted: 'failure',
  unsendable: 'ignore',
};
/** The server will never do it, so it is neither worth repeating nor the client's doing. */
const FINAL: ReadonlySet<number> = new Set([501, 505, 508, 510, 511]);

/**
 * What a response, or the rejection of `fetch`, means. The default of `createFetch`; call it from
 * your own `classify` for what that leaves open.
 *
 * - 429, 425, and 503 with a readable `Retry-After`: `rejected`. 408 and other 5xx: `ambiguous`, except 501,
 *   505, 508, 510 and 511, which are `failure`. Every other status is a `success`: the server works.
 * - No connection (name not found, refused, unreachable): `not-sent`. A connection lost, a limit of
 *   time: `ambiguous`. A certificate that is refused: `failure`.
 * - A request that can never be sent (a wrong URL, a forbidden port), an abort: `ignore`.
 *
 * `afterMs` comes from `Retry-After`, or the reset time of a rate limit.
 *
 * @param now wall-clock time in milliseconds since 1970, for dates in headers.
 */
export function classifyHttp(
  outcome: Outcome,
  context: Context,
  now: number = Date.now(),
): Verdict {
  if (!outcome.ok) return classifyRejection(outcome, context);
  return isResponse(outcome.value) ? classifyResponse(outcome.value, now) : { kind: 'success' };
}

function classifyResponse({ status, headers }: Response, now: number): Verdict {
  if (REJECTED.has(status)) return { kind: 'rejected', afterMs: readWait(headers, now) };
  if (FINAL.has(status)) return { kind: 'failure' };
  if (status !== 408 && status < 500) return { kind: 'success' };
  const afterMs = readWait(headers, now);
  // A rate limit says nothing about this request: many servers send theirs with every reply.
  const isTurnedAway =
    status === 503 && parseRetryAfter(headers.get('retry-after'), now) !== undefined;
  return { kind: isTurnedAway ? 'rejected' : 'ambiguous', afterMs };
}

function classifyRejection(outcome: Outcome & { readonly ok: false }, context: Context): Verdict {
  const failure = networkFailureOf(outcome.error);
  return failure === undefined ? classifyError(outcome, context) : { kind: MEANING[failure] };
}

/** By its form: a response of another realm or another undici is one, too. */
function isResponse(value: unknown): value is Response {
  const { status, headers } = Object(value) as Partial<Response>;
  return typeof status === 'number' && typeof headers?.get === 'function';
}
