import type { Verdict } from '../classify.ts';
import type { GraphQLError } from './errors.ts';
import { hasCode, isRefused } from './read-reply.ts';

/** Asked for too much at once; some servers and gateways give the status as the code. */
const THROTTLED: ReadonlySet<string> = new Set([
  'THROTTLED',
  'RATE_LIMITED',
  'TOO_MANY_REQUESTS',
  '429',
]);
/** Trouble at the server's end, in which the operation may have been carried out. */
const TROUBLE: ReadonlySet<string> = new Set([
  'INTERNAL_SERVER_ERROR',
  'SERVICE_UNAVAILABLE',
  'TIMEOUT',
  '500',
  '502',
  '503',
  '504',
]);

/**
 * What the errors of a reply mean for retry and breaker. Anything but throttling and trouble (a
 * wrong field, a missing right, MAX_COST_EXCEEDED) is an answer, which repeating does not change.
 *
 * @param waitMs how long until the points are there: Infinity, never; `undefined`, not known.
 */
export function classifyReply(error: GraphQLError, waitMs: number | undefined): Verdict {
  if (isThrottled(error)) {
    if (waitMs === Number.POSITIVE_INFINITY) return { kind: 'success' };
    // With more than that in the reply, part of a mutation may have been done.
    return { kind: isRefused(error, THROTTLED) ? 'rejected' : 'ambiguous', afterMs: waitMs };
  }
  return { kind: hasCode(error.errors, TROUBLE) ? 'ambiguous' : 'success' };
}

export function isThrottled(error: GraphQLError): boolean {
  return hasCode(error.errors, THROTTLED);
}
