import type { WireEvent } from '../wire.ts';

/**
 * Why an accepted event was not delivered: `queue_overflow`, it was the oldest when room was needed;
 * `too_large`, the server answered 413 to it alone; `rejected`, the server refused it, or its
 * request, for good; `retry_budget`, it was retried for as long as `retry.budget` allows; `shutdown`,
 * it was still pending when the time of `shutdown()` was up. One whose request was under way then may
 * have arrived all the same.
 */
export type DropReason = 'queue_overflow' | 'too_large' | 'rejected' | 'retry_budget' | 'shutdown';

/**
 * Why `track()` returned false: `too_large`, longer than `queue.maxEventBytes`; `unserializable`, its
 * name is no string, or reading its properties or context threw; `queue_overflow`, what is in flight
 * leaves no room; `reentrant`, it was called while another event was being read (from a getter,
 * `toJSON` or proxy); `closed`, shutdown has begun.
 */
export type RefusalReason =
  | 'too_large'
  | 'unserializable'
  | 'queue_overflow'
  | 'reentrant'
  | 'closed';

/** What `onDrop` is given: events that were lost for one reason since it was last called with it. */
export interface DropNotice {
  readonly reason: DropReason | RefusalReason;
  /** How many were lost. Exact. */
  readonly count: number;
  /**
   * Those that had been accepted, as they would have been sent. Fewer than `count` when together they
   * are longer than `queue.maxBytes`; none for refused ones.
   */
  readonly events: readonly WireEvent[];
  /** HTTP status that decided it. */
  readonly status?: number | undefined;
  /** What was thrown, or what the server said, for the first of them. */
  readonly cause?: unknown;
}
