import type { Clock, Timer } from '@ops/timeout';
import type { WireEvent } from '../wire.ts';
import { startBackgroundTimer } from './background-timer.ts';
import {
  type DropNotice,
  type DropReason,
  isIntended,
  type LossReason,
  type RefusalReason,
} from './drop.ts';
import type { QueuedEvent } from './event-queue.ts';
import type { LossLedger } from './loss-report.ts';
import { createLossWarner, type TelemetryLogger } from './loss-warner.ts';

/** Facts about a loss. */
export interface LossDetails {
  readonly status?: number | undefined;
  readonly cause?: unknown;
}

/**
 * Tells the host about losses, never from inside a call of the host, and the ledger at once. Says
 * nothing of what was left out on purpose.
 */
export interface LossReporter {
  /** Some accepted events are gone. */
  dropped(reason: DropReason, events: readonly QueuedEvent[], details?: LossDetails): void;
  /** One event was not accepted. */
  refused(reason: RefusalReason, cause?: unknown): void;
  /** Tells what is untold now, and starts no repeating timer any more. */
  close(): void;
}

interface LossReporterOptions {
  readonly onDrop: ((notice: DropNotice) => void | Promise<void>) | undefined;
  readonly logger: TelemetryLogger | undefined;
  readonly ledger: LossLedger;
  readonly clock: Clock;
  /** Bytes of events kept for the next call of `onDrop`. */
  readonly maxKeptBytes: number;
}

interface Notice {
  readonly reason: LossReason;
  readonly status: number | undefined;
  readonly cause: unknown;
  readonly events: QueuedEvent[];
  count: number;
}

/**
 * Losses are gathered by reason and status and told from a timer of 0 ms, all in one call. Told at
 * once they would run the host's code inside `track()`, and an `onDrop` that tracks into a full
 * queue would recurse; told from a microtask, an async one would keep the event loop from turning.
 */
export function createLossReporter(options: LossReporterOptions): LossReporter {
  const { onDrop, ledger, clock, maxKeptBytes } = options;
  const warner = createLossWarner(options.logger, clock);
  let notices = new Map<string, Notice>();
  let keptBytes = 0;
  let timer: Timer | undefined;
  let isTelling = false;

  const record = (
    reason: Notice['reason'],
    count: number,
    events: readonly QueuedEvent[],
    details: LossDetails,
  ): void => {
    if (isIntended(reason)) return;
    ledger.add(reason, count);
    if (isTelling) {
      // Caused by onDrop itself: not handed back to it, else every notice could cause the next.
      warner.warn({ reason, count, ...details });
      return;
    }
    const key = `${reason} ${details.status ?? ''}`;
    let notice = notices.get(key);
    if (notice === undefined) {
      notice = { reason, status: details.status, cause: details.cause, events: [], count: 0 };
      notices.set(key, notice);
    }
    notice.count += count;
    timer ??= startBackgroundTimer(clock, tell, 0);
    if (onDrop === undefined) return;
    for (const event of events) {
      if (keptBytes + event.sizeBytes > maxKeptBytes) break;
      keptBytes += event.sizeBytes;
      notice.events.push(event);
    }
  };

  const tell = (): void => {
    if (timer !== undefined) clock.clearTimeout(timer);
    timer = undefined;
    const told = notices;
    notices = new Map();
    keptBytes = 0;
    isTelling = true;
    for (const notice of told.values()) {
      callSafely(onDrop, notice);
      warner.warn(notice);
    }
    isTelling = false;
  };

  return {
    dropped(reason, events, details = {}) {
      if (events.length > 0) record(reason, events.length, events, details);
    },
    refused(reason, cause) {
      record(reason, 1, [], { cause });
    },
    close() {
      tell();
      warner.close();
    },
  };
}

function callSafely(onDrop: LossReporterOptions['onDrop'], notice: Notice): void {
  if (onDrop === undefined) return;
  try {
    const { reason, count, status, cause } = notice;
    const events = notice.events.map((event) => JSON.parse(event.json) as WireEvent);
    const returned: unknown = onDrop({
      reason,
      count,
      events,
      ...(status !== undefined && { status }),
      ...(cause !== undefined && { cause }),
    });
    // An async onDrop that fails must not become an unhandled rejection.
    Promise.resolve(returned).catch(() => {});
  } catch {
    // The loss is in stats() and in the log whatever onDrop does with it.
  }
}
