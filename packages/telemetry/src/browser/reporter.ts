import type { DropNotice, RefusalReason } from '../client/drop.ts';
import type { WireEvent } from '../wire.ts';
import type { Entry } from './books.ts';
import type { BrowserDropReason } from './drop-reason.ts';
import { eventId } from './event-id.ts';
import type { ParsedOptions } from './read-options.ts';

/** As in Node, with the reason that only a page can have. */
export interface BrowserDropNotice extends Omit<DropNotice, 'reason'> {
  readonly reason: BrowserDropReason | RefusalReason;
}

/** What is known of a loss: the HTTP status that decided it, and the first error. */
export interface LossDetails {
  readonly status?: number | undefined;
  readonly cause?: unknown;
}

/** Tells host and server about losses, never from inside a call of the host. */
export interface Reporter {
  /** `entries`: those that had been accepted; `count` where there are none. */
  record(
    reason: BrowserDropNotice['reason'],
    details?: LossDetails,
    entries?: readonly Entry[],
    count?: number,
  ): void;
  /** Tells what is untold. `isLast`: with what the minute keeps back. */
  tell(isLast?: boolean): void;
  /**
   * The part of a body that tells the server: the same, under the same id, until `ack`,
   * since the server may have counted it though its answer was lost.
   */
  part(): string;
  /** `sent`: the part that was in the request, since another one may have been acknowledged meanwhile. */
  ack(sent: string): void;
}

interface Untold extends LossDetails {
  count: number;
  /** JSON of events. */
  readonly kept: string[];
  /** Bytes that may still be kept. */
  room: number;
}

/** One notice per reason in this time. */
const QUIET_MS = 60_000;
/** The host asked for it, so it is counted and nobody is told. */
const INTENDED: readonly string[] = ['before_send', 'sampled', 'no_consent'];

/**
 * The first loss of a reason is told from a timer of 0 ms, further ones at most once a minute, with
 * their number, so that an outage does not fill the log. Told at once they would run the host's code inside
 * `track()`, and an `onDrop` that tracks into a full queue would recurse.
 */
export function createReporter({ page, onDrop, queue }: ParsedOptions): Reporter {
  const untold = new Map<BrowserDropNotice['reason'], Untold>();
  const toldAt: Record<string, number> = {};
  /** For the server. */
  let unreported: Record<string, number> | undefined;
  let report = '';
  let timer: unknown;

  const tell = (isLast?: boolean): void => {
    const now = page.performance.now();
    // A copy: an `onDrop` that tracks may lose that event too, and would be told of it without end.
    // oxlint-disable-next-line unicorn/no-useless-spread
    for (const [reason, { kept, room: _, ...loss }] of [...untold]) {
      if (!isLast && (toldAt[reason] as number) > now - QUIET_MS) continue;
      toldAt[reason] = now;
      untold.delete(reason);
      const events = JSON.parse(`[${kept.join()}]`) as WireEvent[];
      // What it throws or rejects with changes nothing about the loss: it is in stats().
      (async () => onDrop({ reason, ...loss, events }))().catch(() => {});
    }
    page.clearTimeout(timer as never);
    if (untold.size) timer = page.setTimeout(tell, QUIET_MS);
  };

  return {
    record(reason, details, entries = [], count = entries.length) {
      if (!count || INTENDED.includes(reason)) return;
      unreported ??= {};
      unreported[reason] = (unreported[reason] ?? 0) + count;
      const fresh = { ...details, count: 0, kept: [], room: queue.maxBytes };
      const loss: Untold = untold.get(reason) ?? fresh;
      untold.set(reason, loss);
      loss.count += count;
      for (const { json, size } of entries) if ((loss.room -= size) >= 0) loss.kept.push(json);
      page.clearTimeout(timer as never);
      timer = page.setTimeout(tell, 0);
    },
    tell,
    part() {
      if (!report && unreported) {
        report = `"lost":${JSON.stringify(unreported)},"lostId":"${eventId(page.Date.now())}",`;
        unreported = undefined;
      }
      return report;
    },
    ack(sent) {
      if (report === sent) report = '';
    },
  };
}
