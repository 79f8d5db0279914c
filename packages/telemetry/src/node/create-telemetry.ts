import { InvalidOptionsError, toMilliseconds } from '@ops/timeout';
import { createFetch } from '@ops/timeout/fetch';
import type { EventDefinitions } from '../events.ts';
import { createDelivery, type Delivery } from './delivery.ts';
import type { DropReason } from './drop.ts';
import { createEventQueue, type EventQueue } from './event-queue.ts';
import { createIntake, type Intake } from './intake.ts';
import { createLossReporter, type LossReporter } from './loss-reporter.ts';
import { parseTelemetryOptions, type TelemetryOptions } from './options.ts';
import { createSendBatch } from './send-batch.ts';
import { type ContextSnapshot, snapshotContext } from './serialise-event.ts';
import type { DeliveryReport, FlushOptions, Telemetry } from './telemetry.ts';
import { unfailingClock } from './unfailing-clock.ts';

const FLUSH_TIMEOUT_MS = 30_000;
const SHUTDOWN_TIMEOUT_MS = 5_000;

/**
 * A client that gathers events in memory and delivers them to an ingest handler, in order, one
 * request at a time. Every accepted event ends as delivered or as dropped for a reason, and
 * {@link Telemetry.stats} adds up at every moment.
 *
 * Its timers do not keep the process alive, so events that still wait are lost, uncounted, when the
 * process ends by itself: call `shutdown()` before that, or declare it with `await using`.
 *
 * @throws InvalidOptionsError
 */
export function createTelemetry<E extends EventDefinitions>(
  options: TelemetryOptions,
): Telemetry<E> {
  const parsed = parseTelemetryOptions(options);
  const { random, endpoint, key, queue: queueLimits, retry } = parsed;
  const clock = unfailingClock(parsed.clock);
  const maxEventBytes = Math.min(queueLimits.maxEventBytes, queueLimits.maxBytes);
  const context = snapshotContext({ values: {}, json: '{}' }, parsed.context, maxEventBytes);
  if ('failure' in context) {
    const { failure: cause } = context;
    const expected = `expected JSON values, less than ${maxEventBytes} bytes of them`;
    throw new InvalidOptionsError(`createTelemetry: context: ${expected}`, { cause });
  }
  const reporter = createLossReporter({
    onDrop: parsed.onDrop,
    logger: parsed.logger,
    clock,
    maxKeptBytes: queueLimits.maxBytes,
  });
  const queue = createEventQueue(queueLimits, (event) => {
    reporter.dropped('queue_overflow', [event]);
  });
  const fetch = createFetch({ timeout: parsed.requestTimeout, fetch: parsed.fetch, clock });
  const delivery = createDelivery({
    queue,
    send: createSendBatch({ endpoint, key, fetch, clock }),
    limits: {
      // At half the queue at the latest, so that there is room while the request is under way: a
      // batch that the queue cannot hold would never be full, and the queue overflow in each interval.
      batch: {
        maxEvents: Math.min(parsed.batch.maxEvents, Math.ceil(queueLimits.maxEvents / 2)),
        maxBytes: Math.min(parsed.batch.maxBytes, Math.ceil(queueLimits.maxBytes / 2)),
        intervalMs: parsed.batch.interval,
      },
      retry: {
        initialDelayMs: retry.initialDelay,
        maxDelayMs: retry.maxDelay,
        budgetMs: retry.budget,
        maxRetryAfterMs: retry.maxRetryAfter,
      },
    },
    clock,
    random,
    onDropped: reporter.dropped,
  });
  const intake = createIntake({
    queue,
    delivery,
    reporter,
    clock,
    maxEventBytes,
  });
  return assemble<E>({ context, queue, delivery, reporter, intake, clock });
}

interface Parts {
  readonly context: ContextSnapshot;
  readonly queue: EventQueue;
  readonly delivery: Delivery;
  readonly reporter: LossReporter;
  readonly intake: Intake;
  readonly clock: { monotonic(): number };
}

function assemble<E extends EventDefinitions>(parts: Parts): Telemetry<E> {
  const { context, queue, delivery, reporter, intake, clock } = parts;
  let ending: Promise<DeliveryReport> | undefined;

  const drain = async (options: FlushOptions | undefined, defaultMs: number): Promise<void> => {
    const { timeoutMs, signal } = readWait(options, defaultMs);
    await delivery.drain(clock.monotonic() + timeoutMs, signal);
  };
  const end = async (options: FlushOptions | undefined): Promise<DeliveryReport> => {
    const report = startReport(queue);
    intake.close();
    delivery.skipBackoff();
    await drain(options, SHUTDOWN_TIMEOUT_MS);
    delivery.stop();
    reporter.dropped('shutdown', queue.dropAll('shutdown'));
    reporter.close();
    return report();
  };
  const shutdown: Telemetry<E>['shutdown'] = (options) => (ending ??= end(options));

  return {
    ...intake.tracker<E>(context),
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
      await drain(options, FLUSH_TIMEOUT_MS);
      return report();
    },
    shutdown,
    [Symbol.asyncDispose]: async () => {
      await shutdown();
    },
  };
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
