import type { WireEvent } from '../wire.ts';

/**
 * Why an accepted event was not delivered: `queue_overflow`, it was the oldest when room was needed;
 * `too_large`, the server answered 413 to it alone; `rejected`, the server refused it, or its
 * request, for good; `retry_budget`, it was retried for as long as `retry.budget` allows; `shutdown`,
 * it was still pending when the time of `shutdown()` was up; `no_consent`, consent was denied, or
 * still not given at shutdown. One whose request was under way at a shutdown or denial may have
 * arrived all the same.
 */
export type DropReason =
  | 'queue_overflow'
  | 'too_large'
  | 'rejected'
  | 'retry_budget'
  | 'shutdown'
  | 'no_consent';

/**
 * Why `track()` returned false: `too_large`, longer than `queue.maxEventBytes`; `unserializable`, its
 * name is no string, or reading its properties or context threw; `queue_overflow`, what is in flight
 * leaves no room, or the queue is full and keeps its oldest; `reentrant`, it was called while another
 * event was being read (from a getter, `toJSON`, proxy or `beforeSend`); `closed`, shutdown has begun;
 * `callback_error`, `beforeSend` threw or returned neither an event nor null; `before_send`, it
 * returned null; `sampled`, it is outside the sample; `no_consent`, consent is denied.
 */
export type RefusalReason =
  | 'too_large'
  | 'unserializable'
  | 'queue_overflow'
  | 'reentrant'
  | 'closed'
  | 'callback_error'
  | 'before_send'
  | 'sampled'
  | 'no_consent';

/** Any reason for which an event does not arrive. */
export type LossReason = DropReason | RefusalReason;

const INTENDED: ReadonlySet<LossReason> = new Set(['before_send', 'sampled', 'no_consent']);

/** The host left the event out on purpose: it is counted, and nobody is told. */
export function isIntended(reason: LossReason): boolean {
  return INTENDED.has(reason);
}

/** What `onDrop` is given: events that were lost for one reason since it was last called with it. */
export interface DropNotice {
  /** Never `before_send`, `sampled` or `no_consent`, which are no losses but what was asked for. */
  readonly reason: LossReason;
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
