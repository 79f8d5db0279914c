import { createDeque } from './deque.ts';
import type { DropReason } from './drop.ts';

/** An accepted event, already JSON. */
export interface QueuedEvent {
  readonly name: string;
  /** Begins with `{"id":"`. */
  readonly json: string;
  /** Length of `json` in UTF-8. */
  readonly sizeBytes: number;
  /** Counts accepted events from 1. Smaller means earlier; attempts keep the order. */
  sequence: number;
  /** Monotonic time of the first attempt to send it, in milliseconds. */
  firstAttemptAt: number | undefined;
}

/** Not a field: as the text was put together of it, it would hold 450 bytes of its parts. */
export function idOf({ json }: QueuedEvent): string {
  return json.slice(7, 43);
}

/** Limits on what is pending: waiting and in flight together. */
export interface QueueLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
  readonly overflow: OverflowPolicy;
}

/** Which event is lost when there is no room: the one that has waited longest, or the one that comes. */
export type OverflowPolicy = 'drop-oldest' | 'drop-newest';

/**
 * The books: every accepted event is in exactly one of four places, waiting, in flight, delivered or
 * dropped, and moves only by a method of this object. `accepted` grows in {@link EventQueue.add}
 * alone; `delivered` and `dropped` grow only for an event that has just left the waiting line or the
 * set in flight, so an event that is settled twice (a late answer after shutdown) counts once.
 * `pending` is not a counter but the size of the two containers, so that the identity
 * accepted = delivered + dropped + pending can be checked against them.
 */
export interface EventQueue {
  readonly acceptedCount: number;
  readonly deliveredCount: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  readonly waitingCount: number;
  readonly waitingBytes: number;
  /** The first in line was sent before and came back. */
  readonly isRetryWaiting: boolean;
  readonly pendingCount: number;
  readonly pendingBytes: number;
  /** Sequence number of the oldest pending event; undefined when there is none. */
  readonly oldestSequence: number | undefined;
  /**
   * Puts an event at the end, dropping the oldest waiting ones for room, never one in flight. Drops
   * nothing and returns false when even that would not make room, or the oldest are to be kept.
   */
  add(event: QueuedEvent): boolean;
  /** Moves up to so many of the oldest waiting events into flight; at least one, if there is any. */
  take(maxCount: number, maxBytes: number): QueuedEvent[];
  /** Moves events from flight back to the front, in their order. Ignores others. */
  putBack(events: readonly QueuedEvent[]): void;
  /** Ends events in flight as delivered. Ignores others. */
  deliver(events: readonly QueuedEvent[]): void;
  /** Ends events in flight as dropped and returns those that were. Ignores others. */
  drop(events: readonly QueuedEvent[], reason: DropReason): QueuedEvent[];
  /** Ends everything pending as dropped, oldest first. */
  dropAll(reason: DropReason): QueuedEvent[];
}

/** `onOverflow` is told of each event that was dropped for room; it must not throw. */
export function createEventQueue(
  limits: QueueLimits,
  onOverflow: (event: QueuedEvent) => void,
): EventQueue {
  const waiting = createDeque<QueuedEvent>();
  const inFlight = new Set<QueuedEvent>();
  const dropped: Record<DropReason, number> = {
    queue_overflow: 0,
    too_large: 0,
    rejected: 0,
    retry_budget: 0,
    shutdown: 0,
    no_consent: 0,
  };
  let acceptedCount = 0;
  let deliveredCount = 0;
  let waitingBytes = 0;
  let inFlightBytes = 0;

  const shift = (): QueuedEvent | undefined => {
    const event = waiting.shift();
    if (event !== undefined) waitingBytes -= event.sizeBytes;
    return event;
  };
  const land = (event: QueuedEvent): boolean => {
    if (!inFlight.delete(event)) return false;
    inFlightBytes -= event.sizeBytes;
    return true;
  };
  const isFull = (event: QueuedEvent, count: number, bytes: number): boolean =>
    count + 1 > limits.maxEvents || bytes + event.sizeBytes > limits.maxBytes;

  return {
    get acceptedCount() {
      return acceptedCount;
    },
    get deliveredCount() {
      return deliveredCount;
    },
    get dropped() {
      return { ...dropped };
    },
    get waitingCount() {
      return waiting.size;
    },
    get waitingBytes() {
      return waitingBytes;
    },
    get isRetryWaiting() {
      return waiting.peek()?.firstAttemptAt !== undefined;
    },
    get pendingCount() {
      return waiting.size + inFlight.size;
    },
    get pendingBytes() {
      return waitingBytes + inFlightBytes;
    },
    get oldestSequence() {
      // Events in flight were taken from the front, so they are older than all that wait.
      const [oldest] = inFlight;
      return (oldest ?? waiting.peek())?.sequence;
    },
    add(event) {
      const isOverfull = (): boolean =>
        isFull(event, waiting.size + inFlight.size, waitingBytes + inFlightBytes);
      if (isFull(event, inFlight.size, inFlightBytes)) return false;
      if (limits.overflow === 'drop-newest' && isOverfull()) return false;
      while (isOverfull()) {
        const oldest = shift();
        if (oldest === undefined) return false;
        dropped.queue_overflow += 1;
        onOverflow(oldest);
      }
      acceptedCount += 1;
      event.sequence = acceptedCount;
      waiting.push(event);
      waitingBytes += event.sizeBytes;
      return true;
    },
    take(maxCount, maxBytes) {
      const batch: QueuedEvent[] = [];
      let bytes = 0;
      while (batch.length < maxCount) {
        const next = waiting.peek();
        if (next === undefined || (batch.length > 0 && bytes + next.sizeBytes > maxBytes)) break;
        shift();
        bytes += next.sizeBytes;
        inFlight.add(next);
        inFlightBytes += next.sizeBytes;
        batch.push(next);
      }
      return batch;
    },
    putBack(events) {
      for (const event of events.toReversed()) {
        if (!land(event)) continue;
        waiting.unshift(event);
        waitingBytes += event.sizeBytes;
      }
    },
    deliver(events) {
      deliveredCount += events.filter(land).length;
    },
    drop(events, reason) {
      const landed = events.filter(land);
      dropped[reason] += landed.length;
      return landed;
    },
    dropAll(reason) {
      const all = [...inFlight].filter(land);
      for (let event = shift(); event !== undefined; event = shift()) all.push(event);
      dropped[reason] += all.length;
      return all;
    },
  };
}
