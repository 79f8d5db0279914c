/**
 * Sends what waits in the queue, one request at a time.
 *
 *   resting   --(an event waits)-->                      lingering: a timer of `interval`
 *   lingering --(batch full, a flush, or the timer)-->   sending
 *   sending   --(nothing more that is due)-->            resting or lingering
 *   sending   --(events to retry, or Retry-After)-->     held: a timer until `holdUntil`
 *   held      --(the timer)-->                           sending
 *   any       --(pause)-->                               paused, until resumed; a request goes on
 *   any       --(stop)-->                                stopped
 *
 * `plan` sets the one timer from the state after every change.
 */
import type { Clock } from '@ops/timeout';
import type { SendBatch } from './answer.ts';
import { type BackoffLimits, backoffMs, fraction } from './backoff.ts';
import type { DropReason } from './drop.ts';
import type { EventQueue, QueuedEvent } from './event-queue.ts';
import type { LossDetails } from './loss-reporter.ts';
import { type Settlement, settlementOf } from './settlement.ts';
import { createSingleTimer } from './single-timer.ts';
import { createWaiters } from './waiters.ts';

/** How events are gathered and retried. */
export interface DeliveryLimits {
  readonly batch: {
    readonly maxEvents: number;
    readonly maxBytes: number;
    readonly intervalMs: number;
  };
  readonly retry: BackoffLimits & {
    readonly budgetMs: number;
    readonly maxRetryAfterMs: number;
  };
}

export interface Delivery {
  /** Call after each accepted event. Never sends from inside the call. */
  wake(): void;
  /**
   * Resolves when every event accepted so far is settled, at the monotonic time `deadlineAt`, as soon
   * as it is known that the next attempt is not before it, or when `signal` is aborted. Until then
   * batches go out without lingering.
   */
  drain(deadlineAt: number, signal: AbortSignal | undefined): Promise<void>;
  /** The next attempt need not wait, unless the server named its time. */
  skipBackoff(): void;
  /** While paused nothing is sent. A request under way goes on. */
  setPaused(isPaused: boolean): void;
  /** Aborts the request under way, whose events must have been settled. Goes on with the others. */
  abandon(reason: Error): void;
  /** Aborts the request under way; sends nothing any more. */
  stop(): void;
}

interface DeliveryParts {
  readonly queue: EventQueue;
  readonly send: SendBatch;
  readonly limits: DeliveryLimits;
  readonly clock: Clock;
  readonly random: () => number;
  readonly isPaused: boolean;
  /** Must not throw. */
  readonly onDropped: (
    reason: DropReason,
    events: readonly QueuedEvent[],
    details: LossDetails,
  ) => void;
  /** After each request, when its events are settled or back in line. Must not throw. */
  readonly onSettled: () => void;
}

export function createDelivery(parts: DeliveryParts): Delivery {
  const { queue, send, limits, clock, random, onDropped, onSettled } = parts;
  const { batch: batchLimits, retry } = limits;
  let request = new AbortController();
  const waiters = createWaiters(clock);
  const timer = createSingleTimer(clock, () => void run());
  let isSending = false;
  let isStopped = false;
  let isPaused: boolean = parts.isPaused;
  /** No request before this monotonic time. */
  let holdUntil = -Infinity;
  let isHeldByServer = false;
  let failureCount = 0;
  /** Events in a request at most: halved by a 413, then growing again. */
  let sizeLimit = batchLimits.maxEvents;

  const isDue = (): boolean =>
    waiters.count > 0 ||
    queue.isRetryWaiting ||
    queue.waitingCount >= sizeLimit ||
    queue.waitingBytes >= batchLimits.maxBytes;

  const plan = (): void => {
    if (isStopped || isPaused || isSending || queue.waitingCount === 0) {
      timer.clear();
      return;
    }
    const now = clock.monotonic();
    if (isDue()) timer.setAt(Math.max(now, holdUntil));
    else if (!timer.isSet) timer.setAt(Math.max(now + batchLimits.intervalMs, holdUntil));
  };

  const mayGoOn = (): boolean =>
    !isStopped && !isPaused && queue.waitingCount > 0 && isDue() && holdUntil <= clock.monotonic();

  const endWaiters = (): void => {
    const nextAttemptAt = isSending ? -Infinity : isStopped || isPaused ? Infinity : holdUntil;
    waiters.check(queue.oldestSequence ?? Infinity, nextAttemptAt);
  };

  const run = async (): Promise<void> => {
    if (isSending || isStopped || isPaused) return;
    isSending = true;
    do {
      await sendOne();
      onSettled();
      endWaiters();
    } while (mayGoOn());
    isSending = false;
    plan();
    endWaiters();
  };

  const sendOne = async (): Promise<void> => {
    const batch = queue.take(sizeLimit, batchLimits.maxBytes);
    const now = clock.monotonic();
    for (const event of batch) event.firstAttemptAt ??= now;
    request = new AbortController();
    const { signal } = request;
    const outcome = await send(batch, signal);
    if (signal.aborted) return; // by us: its events are settled, and how it ended says nothing
    const settlement = settlementOf(batch, outcome);
    apply(settlement);
    holdAfter(settlement, outcome.retryAfterMs);
    queue.putBack(batch); // what is not settled: nothing may stay in flight without a request
  };

  const apply = (settlement: Settlement): void => {
    const { delivered, again, halved, lost, lostBecause, details } = settlement;
    queue.deliver(delivered);
    lose(lostBecause, lost, details);
    const oldestAllowed = clock.monotonic() - retry.budgetMs;
    const isSpent = (event: QueuedEvent): boolean => (event.firstAttemptAt ?? 0) <= oldestAllowed;
    lose('retry_budget', again.filter(isSpent), details);
    if (halved.length > 0) sizeLimit = Math.floor(halved.length / 2);
    else if (delivered.length > 0) {
      sizeLimit = Math.min(batchLimits.maxEvents, Math.ceil(sizeLimit * 1.25));
    }
  };

  const lose = (reason: DropReason, events: readonly QueuedEvent[], details: LossDetails): void => {
    onDropped(reason, queue.drop(events, reason), details);
  };

  const holdAfter = (settlement: Settlement, askedMs: number | undefined): void => {
    if (settlement.again.length === 0) failureCount = 0;
    // One event that the server cannot take now must not slow the others down more and more.
    else failureCount = settlement.delivered.length > 0 ? 1 : failureCount + 1;
    isHeldByServer = askedMs !== undefined;
    if (askedMs !== undefined) {
      const waitMs = Math.min(askedMs, retry.maxRetryAfterMs);
      // Jitter comes after the time asked for, never before it.
      holdUntil = clock.monotonic() + waitMs + fraction(random) * retry.initialDelayMs;
    } else if (failureCount > 0) {
      holdUntil = clock.monotonic() + backoffMs(failureCount, retry, random);
    }
  };

  return {
    wake() {
      if (!isSending && (!timer.isSet || isDue())) plan();
    },
    async drain(deadlineAt, signal) {
      const drained = waiters.add(queue.acceptedCount, deadlineAt, signal);
      plan();
      endWaiters();
      await drained;
    },
    skipBackoff() {
      if (!isHeldByServer) holdUntil = -Infinity;
    },
    setPaused(isNowPaused) {
      isPaused = isNowPaused;
      plan();
      endWaiters();
    },
    abandon(reason) {
      request.abort(reason);
    },
    stop() {
      isStopped = true;
      request.abort(new Error('telemetry was shut down'));
      timer.clear();
      endWaiters();
    },
  };
}
