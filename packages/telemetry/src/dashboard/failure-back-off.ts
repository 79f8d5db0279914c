import { LRUCache } from 'lru-cache';

/** What is known of a key whose loads fail. */
export interface Failure {
  readonly error: unknown;
  /** In a row. */
  readonly count: number;
  /** By the monotonic clock: until then it is not loaded. */
  readonly retryAtMs: number;
}

/** Remembers failures, so that a loader that is down is not asked by every reader. */
export interface FailureBackOff {
  get(key: string): Failure | undefined;
  /** One more in a row. */
  failed(key: string, error: unknown): Failure;
  succeeded(key: string): void;
}

/** First wait; each further one in a row twice as long, up to the last. */
const FIRST_WAIT_MS = 1_000;
const LAST_WAIT_MS = 30_000;

/**
 * The n-th wait in a row is random between half and all of 1 s × 2^(n−1), at most 30 s, so that
 * replicas do not come back together. None of the caches measured for this package backs off: each
 * loads again at every read while the loader fails.
 */
export function createFailureBackOff(
  maxEntries: number,
  monotonic: () => number,
  random: () => number,
): FailureBackOff {
  const failures = new LRUCache<string, Failure>({ max: maxEntries });
  return {
    get: (key) => failures.get(key),
    failed(key, error) {
      const count = (failures.get(key)?.count ?? 0) + 1;
      const longestMs = Math.min(LAST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(count - 1, 10));
      const waitMs = longestMs * (0.5 + random() / 2);
      const failure = { error, count, retryAtMs: monotonic() + waitMs };
      failures.set(key, failure);
      return failure;
    },
    succeeded(key) {
      failures.delete(key);
    },
  };
}
