import { type Clock, InvalidOptionsError } from '@ops/timeout';
import { createFetch } from '@ops/timeout/fetch';
import { type ContextSnapshot, emptyContext, snapshotContext } from '../client/context-snapshot.ts';
import { createDelivery, type DeliveryLimits } from '../client/delivery.ts';
import { createEventQueue } from '../client/event-queue.ts';
import { createIntake } from '../client/intake.ts';
import { createLossLedger } from '../client/loss-report.ts';
import { createLossReporter } from '../client/loss-reporter.ts';
import { createRedactor } from '../client/redact.ts';
import { createRoom } from '../client/room.ts';
import { createSerialiser } from '../client/serialise-event.ts';
import type { ConsentState, Telemetry } from '../client/telemetry.ts';
import type { EventDefinitions } from '../events.ts';
import { createControls } from './controls.ts';
import {
  type ParsedTelemetryOptions,
  parseTelemetryOptions,
  type TelemetryOptions,
} from './options.ts';
import { createSendBatch } from './send-batch.ts';
import { unfailingClock } from './unfailing-clock.ts';
import { createBackgroundFlush } from './wait-until.ts';

/**
 * A client that gathers events in memory and delivers them to an ingest handler, in order, one
 * request at a time. Every accepted event ends as delivered or as dropped for a reason, and
 * {@link Telemetry.stats} adds up at every moment.
 *
 * Its timers do not keep the process alive, so events that still wait are lost, uncounted, when the
 * process ends by itself: call `shutdown()` before that, declare it with `await using`, or use
 * {@link installShutdownHooks}.
 *
 * @throws InvalidOptionsError
 */
export function createTelemetry<E extends EventDefinitions>(
  options: TelemetryOptions<E>,
): Telemetry<E> {
  const parsed = parseTelemetryOptions(options);
  const clock = unfailingClock(parsed.clock);
  const limits = { ...parsed.queue, maxEventBytes: maxEventBytesOf(parsed) };
  const redactor = parsed.redact.length > 0 ? createRedactor(parsed.redact) : undefined;
  const snapshot: Snapshot = (parent, extra) =>
    snapshotContext(parent, extra, limits.maxEventBytes, redactor);
  const context = firstContext(snapshot, parsed);
  const ledger = createLossLedger();
  const { onDrop, logger, consent, sample, beforeSend, waitUntil } = parsed;
  const maxKeptBytes = limits.maxBytes;
  const reporter = createLossReporter({ onDrop, logger, ledger, clock, maxKeptBytes });
  const queue = createEventQueue(limits, (event) => {
    reporter.dropped('queue_overflow', [event]);
  });
  const room = createRoom(queue, limits, clock);
  const delivery = createDelivery({
    queue,
    send: createSendBatch({ ...sending(parsed, clock), ledger, clock }),
    limits: deliveryLimits(parsed),
    clock,
    random: parsed.random,
    isPaused: consent !== 'granted',
    onDropped: reporter.dropped,
    onSettled: room.check,
  });
  let flushInBackground: (() => void) | undefined;
  const sendInBackground = (): void => {
    if (intake.consent === 'granted' && queue.pendingCount > 0) flushInBackground?.();
  };
  const { maxEventBytes } = limits;
  const utf8Length = Buffer.byteLength;
  const intake = createIntake({
    queue,
    reporter,
    serialise: createSerialiser({ clock, maxEventBytes, utf8Length, sample, redactor, beforeSend }),
    snapshot,
    consent,
    onAccepted: () => {
      delivery.wake();
      sendInBackground();
    },
  });
  const controls = createControls({ queue, room, delivery, reporter, intake, clock });
  if (waitUntil) flushInBackground = createBackgroundFlush(waitUntil, controls.flush, clock);
  const setConsent = (state: ConsentState): void => {
    controls.consent(state);
    sendInBackground(); // what waited for it: no other event may come before the function is frozen
  };
  return { ...intake.tracker<E>(context), ...controls, consent: setConsent };
}

type Snapshot = (parent: ContextSnapshot, extra: unknown) => ContextSnapshot;

function maxEventBytesOf({ queue }: ParsedTelemetryOptions): number {
  return Math.min(queue.maxEventBytes, queue.maxBytes);
}

function firstContext(snapshot: Snapshot, parsed: ParsedTelemetryOptions): ContextSnapshot {
  const context = snapshot(emptyContext, parsed.context);
  if ('failure' in context) {
    const expected = `expected JSON values, less than ${maxEventBytesOf(parsed)} bytes of them`;
    const { failure: cause } = context;
    throw new InvalidOptionsError(`createTelemetry: context: ${expected}`, { cause });
  }
  return context;
}

function sending(parsed: ParsedTelemetryOptions, clock: Clock) {
  const { endpoint, key, batch, requestTimeout, fetch } = parsed;
  return {
    endpoint,
    key,
    gzipFrom: batch.gzipFrom === false ? Infinity : batch.gzipFrom,
    fetch: createFetch({ timeout: requestTimeout, fetch, clock }),
  };
}

function deliveryLimits({ queue, batch, retry }: ParsedTelemetryOptions): DeliveryLimits {
  return {
    // At half the queue at the latest, so that there is room while the request is under way: a
    // batch that the queue cannot hold would never be full, and the queue overflow in each interval.
    batch: {
      maxEvents: Math.min(batch.maxEvents, Math.ceil(queue.maxEvents / 2)),
      maxBytes: Math.min(batch.maxBytes, Math.ceil(queue.maxBytes / 2)),
      intervalMs: batch.interval,
    },
    retry: {
      initialDelayMs: retry.initialDelay,
      maxDelayMs: retry.maxDelay,
      budgetMs: retry.budget,
      maxRetryAfterMs: retry.maxRetryAfter,
    },
  };
}
