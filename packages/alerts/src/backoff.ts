/** First and longest upper bound of a wait between two attempts. */
const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
/** No receiver may silence its alerts for longer than this by `Retry-After`. */
const LONGEST_ASKED_MS = 3_600_000;

/**
 * How long to wait after the `attemptCount`-th failed attempt: exponential with full jitter, which
 * spreads the retries of many processes best.
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(attemptCount: number, random: () => number): number {
  return random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attemptCount - 1, 30));
}

/** What was asked for by `Retry-After`, within bounds; 0 for what is not a number. */
export function askedPauseMs(retryAfterMs: number): number {
  return retryAfterMs > 0 ? Math.min(retryAfterMs, LONGEST_ASKED_MS) : 0;
}
