import type { Clock } from '@ops/timeout';

/** How many events each sender may send. */
export interface ParsedRateLimit {
  readonly eventsPerSecond: number;
  readonly burst: number;
}

/** A token bucket for each sender. */
export interface RateLimit {
  /** Milliseconds until the sender may send again; 0 when it may now. Takes nothing. */
  waitMs(sender: string): number;
  /** Takes `events` tokens and returns 0, or takes none and returns the milliseconds to wait. */
  take(sender: string, events: number): number;
}

interface Bucket {
  /** Tokens; negative after a request that was larger than the burst. */
  level: number;
  updatedAtMs: number;
}

/**
 * Senders that are remembered. Beyond that the one that sent longest ago is forgotten, as if its
 * bucket were full, which after `burst / eventsPerSecond` seconds of silence it is.
 */
const MAX_SENDERS = 10_000;

/**
 * A request with more events than the burst is let through by a full bucket and leaves it in debt:
 * the rate holds over time, and no request is refused for ever.
 */
export function createRateLimit(
  { eventsPerSecond, burst }: ParsedRateLimit,
  clock: Pick<Clock, 'monotonic'>,
  maxSenders: number = MAX_SENDERS,
): RateLimit {
  const buckets = new Map<string, Bucket>();
  /** Filled up to now, and moved to the end: the map is in order of use. */
  const bucketOf = (sender: string): Bucket => {
    const nowMs = clock.monotonic();
    const bucket = buckets.get(sender) ?? { level: burst, updatedAtMs: nowMs };
    const refill = ((nowMs - bucket.updatedAtMs) / 1000) * eventsPerSecond;
    bucket.level = Math.min(burst, bucket.level + refill);
    bucket.updatedAtMs = nowMs;
    buckets.delete(sender);
    buckets.set(sender, bucket);
    if (buckets.size > maxSenders)
      for (const oldest of buckets.keys()) {
        buckets.delete(oldest);
        break;
      }
    return bucket;
  };
  const waitFor = (bucket: Bucket, tokens: number): number =>
    Math.max(0, ((Math.min(tokens, burst) - bucket.level) / eventsPerSecond) * 1000);
  return {
    waitMs: (sender) => waitFor(bucketOf(sender), 1),
    take(sender, events) {
      const bucket = bucketOf(sender);
      const waitMs = waitFor(bucket, events);
      if (waitMs === 0) bucket.level -= events;
      return waitMs;
    },
  };
}
