import { type Clock, toMilliseconds } from '@ops/timeout';
import type { Delivery } from '../client/delivery.ts';
import type { DropReason } from '../client/drop.ts';
import type { EventQueue } from '../client/event-queue.ts';
import type { Intake } from '../client/intake.ts';
import type { LossReporter } from '../client/loss-reporter.ts';
import type { Room } from '../client/room.ts';
import type { DeliveryReport, FlushOptions, Telemetry } from '../client/telemetry.ts';

const FLUSH_TIMEOUT_MS = 30_000;
const READY_TIMEOUT_MS = 30_000;
const SHUTDOWN_TIMEOUT_MS = 5_000;

interface Parts {
  readonly queue: EventQueue;
  readonly room: Room;
  readonly delivery: Delivery;
  readonly reporter: LossReporter;
  readonly intake: Intake;
  readonly clock: Clock;
}

/** What the host does with a client besides tracking. */
type Controls = Omit<Telemetry<never>, 'track' | 'with'>;

export function createControls(parts: Parts): Controls {
  const { queue, room, delivery, intake, clock } = parts;
  let ending: Promise<DeliveryReport> | undefined;
  const shutdown: Controls['shutdown'] = (options) => (ending ??= end(parts, options));
  return {
    consent: (state) => applyConsent(parts, state),
    ready(options) {
      const { timeoutMs, signal } = readWait(options, READY_TIMEOUT_MS);
      return room.wait(clock.monotonic() + timeoutMs, signal);
    },
    stats: () => ({
      accepted: queue.acceptedCount,
      delivered: queue.deliveredCount,
      pending: queue.pendingCount,
      dropped: queue.dropped,
      refused: intake.refused,
      bytes: queue.pendingBytes,
    }),
    async flush(options) {
      const report = startReport(queue);
      const { timeoutMs, signal } = readWait(options, FLUSH_TIMEOUT_MS);
      await delivery.drain(clock.monotonic() + timeoutMs, signal);
      return report();
    },
    shutdown,
    [Symbol.asyncDispose]: async () => {
      await shutdown();
    },
  };
}

/** Not async, so that without time to wait all is done when it returns: in an `exit` listener, say. */
function end(parts: Parts, options: FlushOptions | undefined): Promise<DeliveryReport> {
  const { queue, room, delivery, reporter, intake, clock } = parts;
  const report = startReport(queue);
  const finish = (): DeliveryReport => {
    delivery.stop();
    const reason = intake.consent === 'granted' ? 'shutdown' : 'no_consent';
    reporter.dropped(reason, queue.dropAll(reason));
    reporter.close();
    return report();
  };
  intake.close();
  room.close();
  const { timeoutMs, signal } = readWait(options, SHUTDOWN_TIMEOUT_MS);
  if (timeoutMs <= 0) return Promise.resolve(finish());
  delivery.skipBackoff();
  return delivery.drain(clock.monotonic() + timeoutMs, signal).then(finish);
}

function applyConsent({ queue, room, delivery, reporter, intake }: Parts, state: unknown): void {
  // A word that is not known must not send what the user may have denied.
  intake.consent = state === 'granted' || state === 'pending' ? state : 'denied';
  if (intake.consent === 'denied') {
    reporter.dropped('no_consent', queue.dropAll('no_consent'));
    delivery.abandon(new Error('consent was denied'));
    room.check();
  }
  delivery.setPaused(intake.consent !== 'granted');
}

function startReport(queue: EventQueue): () => DeliveryReport {
  const { deliveredCount, dropped } = queue;
  return () => {
    const now = Object.entries(queue.dropped) as [DropReason, number][];
    const since = now.map(([reason, count]) => [reason, count - dropped[reason]]);
    return {
      delivered: queue.deliveredCount - deliveredCount,
      dropped: Object.fromEntries(since) as Record<DropReason, number>,
      pending: queue.pendingCount,
    };
  };
}

/** The longest delay a timer can hold. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What makes no sense counts as not given: the caller was promised no rejection. */
function readWait(
  options: FlushOptions | undefined,
  defaultMs: number,
): { readonly timeoutMs: number; readonly signal: AbortSignal | undefined } {
  let timeoutMs = defaultMs;
  let signal: AbortSignal | undefined;
  try {
    if (options?.signal instanceof AbortSignal) signal = options.signal;
    timeoutMs = Math.min(toMilliseconds(options?.timeout ?? defaultMs), LONGEST_TIMER_MS);
  } catch {
    // Keeps what was read so far.
  }
  return { timeoutMs, signal };
}
