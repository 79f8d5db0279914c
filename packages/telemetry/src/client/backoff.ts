/** Bounds on the wait before the next attempt. */
export interface BackoffLimits {
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
}

/**
 * "Full jitter": any time up to `initialDelayMs` × 2^(failures − 1), bounded, so that clients which
 * failed together do not come back together.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(
  failureCount: number,
  limits: BackoffLimits,
  random: () => number,
): number {
  const ceiling = Math.min(limits.maxDelayMs, limits.initialDelayMs * 2 ** (failureCount - 1));
  return fraction(random) * ceiling;
}

/** From 0 to 1, whatever the host's `random` does. */
export function fraction(random: () => number): number {
  try {
    const value = random();
    return value >= 0 && value <= 1 ? value : 0.5;
  } catch {
    return 0.5;
  }
}
