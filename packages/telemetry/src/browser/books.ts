import type { RefusalReason } from '../client/drop.ts';
import type { ConsentState } from '../client/telemetry.ts';
import type { BrowserDropReason } from './drop-reason.ts';
import type { ParsedOptions } from './read-options.ts';
import type { LossDetails, Reporter } from './reporter.ts';

/** Where a pending event is: the order is that in which a page that is left sends or keeps them. */
export const WAITING = 0;
/** In the request under way. */
export const FLYING = 1;
/** Given to the browser as the page was hidden. No answer has come; to a beacon none will. */
export const HANDED = 2;

/** An accepted event, already JSON. */
export interface Entry {
  readonly id: string;
  readonly json: string;
  /** Length of `json` in UTF-8. */
  readonly size: number;
  place: typeof WAITING | typeof FLYING | typeof HANDED;
  /** Counts accepted events from 1. */
  readonly nth: number;
  /** It is in the store as well. */
  isKept?: boolean;
  /** Monotonic time at which it was accepted, in milliseconds. */
  readonly since: number;
  /** Monotonic time of the first attempt to send it. */
  triedAt?: number;
}

/** What `stats()` gives, but for the pending events, which are counted where they are. */
interface Counts {
  accepted: number;
  delivered: number;
  readonly dropped: Record<BrowserDropReason, number>;
  readonly refused: Record<RefusalReason, number>;
  /** Of what is pending. */
  bytes: number;
}

/**
 * Every accepted event is in `pending`, or counted as delivered or dropped. It leaves `pending` by
 * {@link Books.settle} alone, which finds it there or does nothing, so an event that is settled twice
 * (by a late answer) counts once. A set keeps the order of acceptance; events that come back from a
 * failed request have never left their place in it.
 */
export interface Books {
  readonly pending: Set<Entry>;
  readonly counts: Counts;
  consent: ConsentState;
  /** No event is taken any more. */
  isClosed?: boolean;
  /** The waiting events that go next: at most so many, of so many bytes together, but at least one. */
  next(maxEvents: number, maxBytes: number): Entry[];
  /**
   * Accepts an event. Drops the oldest waiting ones for room; false when that does not make any.
   */
  add(event: Pick<Entry, 'id' | 'json' | 'size'>): boolean;
  /** Ends those that are still pending, as delivered or as dropped. */
  settle(entries: Iterable<Entry>, reason?: BrowserDropReason, details?: LossDetails): void;
  /** Counts an event that was not accepted. */
  refuse(reason: RefusalReason, cause?: unknown): false;
}

export function createBooks(
  { queue, consent, page, store }: ParsedOptions,
  reporter: Reporter,
): Books {
  const pending = new Set<Entry>();
  const counts: Counts = {
    accepted: 0,
    delivered: 0,
    dropped: {
      queue_overflow: 0,
      too_large: 0,
      no_consent: 0,
      rejected: 0,
      retry_budget: 0,
      shutdown: 0,
      unload: 0,
    },
    refused: {
      queue_overflow: 0,
      too_large: 0,
      no_consent: 0,
      unserializable: 0,
      reentrant: 0,
      closed: 0,
      callback_error: 0,
      before_send: 0,
      sampled: 0,
    },
    bytes: 0,
  };

  const next = (most: number, maxTaken: number): Entry[] => {
    const taken: Entry[] = [];
    let room = maxTaken;
    for (const entry of pending) {
      if (entry.place !== WAITING) continue;
      room -= entry.size;
      if (taken[0] && (taken.length >= most || room < 0)) break;
      taken.push(entry);
    }
    return taken;
  };

  const settle: Books['settle'] = (entries, reason, details) => {
    const settled = [...entries].filter((entry) => pending.delete(entry));
    store?.forget(settled);
    for (const { size } of settled) counts.bytes -= size;
    if (reason) {
      counts.dropped[reason] += settled.length;
      reporter.record(reason, details, settled);
    } else counts.delivered += settled.length;
  };

  return {
    pending,
    counts,
    consent,
    next,
    add(event) {
      const { size } = event;
      while (pending.size >= queue.maxEvents || counts.bytes + size > queue.maxBytes) {
        const oldest = next(1, 0);
        if (!oldest[0]) return false;
        settle(oldest, 'queue_overflow');
      }
      counts.bytes += size;
      const nth = (counts.accepted += 1);
      pending.add({ ...event, place: WAITING, nth, since: page.performance.now() });
      return true;
    },
    settle,
    refuse(reason, cause) {
      counts.refused[reason] += 1;
      reporter.record(reason, { cause }, [], 1);
      return false;
    },
  };
}
