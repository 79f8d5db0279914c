import { type Clock, TimeoutError, withTimeout } from '@ops/timeout';
import { type Alarm, createAlarm } from './alarm.ts';
import type { Alert } from './alert.ts';
import { askedPauseMs, backoffMs } from './backoff.ts';
import type { Channel } from './channel.ts';
import { describeError } from './describe-error.ts';
import { DeliveryError } from './errors.ts';
import type { Emit } from './events.ts';
import type { Message } from './message.ts';
import type { DeliverySettings } from './options.ts';
import { createPendingMessages, type PendingMessage } from './pending-messages.ts';
import { redactSecrets } from './redact.ts';

/** Delivers to one channel, one message at a time, so that no channel waits for another. */
export interface ChannelSender {
  /** The alert has fired or got worse. */
  sendFiring(alert: Alert): void;
  /** The alert is over. */
  sendResolved(alert: Alert): void;
  /**
   * Resolves when nothing is left to send, when what is left would be retried only after
   * `deadlineMs`, or when {@link ChannelSender.stop} is called.
   */
  drain(deadlineMs: number): Promise<void>;
  /** Aborts what is being sent and gives back what was not delivered, oldest first. */
  stop(): readonly Message[];
  readonly deliveredCount: number;
}

export interface ChannelSenderOptions {
  readonly name: string;
  readonly channel: Channel;
  readonly settings: DeliverySettings;
  readonly clock: Clock;
  /** See `steadyTime`. */
  readonly time: () => number;
  readonly random: () => number;
  readonly fetch: typeof globalThis.fetch | undefined;
  readonly emit: Emit;
}

export function createChannelSender(options: ChannelSenderOptions): ChannelSender {
  const { name, channel, settings, clock, time, random, emit } = options;
  const pending = createPendingMessages(settings.maxPendingCount);
  const stopping = new AbortController();
  const alarm: Alarm = createAlarm(clock, time, pump);
  let isSending = false;
  let droppedCount = 0;
  let deliveredCount = 0;
  let drainer: { readonly deadlineMs: number; readonly done: () => void } | undefined;

  /** Runs from timers and microtasks, where nobody else would catch. */
  function pump(): void {
    try {
      startNext();
    } catch (error) {
      emit({ type: 'fault', error });
    }
  }

  function startNext(): void {
    if (isSending || stopping.signal.aborted) return;
    const entry = pending.start(time());
    if (entry) {
      isSending = true;
      void attempt(entry);
      return;
    }
    const nextMs = pending.nextMs();
    if (drainer && nextMs > drainer.deadlineMs) drainer.done();
    else if (nextMs < Infinity) alarm.set(nextMs);
  }

  async function attempt(entry: PendingMessage): Promise<void> {
    const { message } = entry;
    try {
      await withTimeout(
        ({ signal }) => channel.send(message, { signal, fetch: options.fetch }),
        settings.sendTimeoutMs,
        { signal: stopping.signal, clock },
      );
      if (!stopping.signal.aborted) succeeded(entry);
    } catch (error) {
      if (!stopping.signal.aborted) failed(entry, toDeliveryError(error));
    }
    isSending = false;
    pump();
  }

  function succeeded({ message, attemptCount }: PendingMessage): void {
    pending.finish(true);
    deliveredCount += 1;
    emit({ type: 'delivered', channel: name, message, attemptCount });
  }

  function failed({ message, attemptCount, addedMs }: PendingMessage, error: DeliveryError): void {
    const nowMs = time();
    const pauseMs = askedPauseMs(error.retryAfterMs ?? 0);
    if (pauseMs > 0) pending.pauseUntil(nowMs + pauseMs);
    const delayMs = Math.max(jitterMs(attemptCount), pauseMs);
    const event = { channel: name, message, attemptCount, error };
    const isTooOld = nowMs + delayMs - addedMs > settings.maxAgeMs;
    if (!error.retryable || isTooOld) {
      pending.finish(false);
      emit({ type: 'failed', cause: error.retryable ? 'expired' : 'rejected', ...event });
      return;
    }
    pending.retryLater(nowMs + delayMs);
    emit({ type: 'retry', delayMs, ...event });
  }

  function jitterMs(attemptCount: number): number {
    try {
      const ms = backoffMs(attemptCount, random);
      if (ms >= 0 && ms < Infinity) return ms;
    } catch (error) {
      emit({ type: 'fault', error });
    }
    return backoffMs(attemptCount, () => 0.5);
  }

  return {
    sendFiring(alert) {
      for (const message of pending.addFiring(alert, clock.now(), time())) {
        droppedCount += 1;
        emit({ type: 'dropped', channel: name, message, droppedCount });
      }
      // Not in this turn of whoever reports an error: a channel may take its time.
      queueMicrotask(pump);
    },
    sendResolved(alert) {
      pending.addResolved(alert, time());
      queueMicrotask(pump);
    },
    drain(deadlineMs) {
      return new Promise((resolve) => {
        drainer = { deadlineMs, done: resolve };
        pump();
      });
    },
    stop() {
      alarm.clear();
      stopping.abort();
      const left = pending.takeAll();
      for (const { message, attemptCount } of left) {
        const facts = { channel: name, message, attemptCount, error: undefined };
        emit({ type: 'failed', cause: 'closed', ...facts });
      }
      drainer?.done();
      return left.map((entry) => entry.message);
    },
    get deliveredCount() {
      return deliveredCount;
    },
  };
}

/** By its code: an own channel may have thrown the class of another copy of this package. */
function toDeliveryError(error: unknown): DeliveryError {
  try {
    if (error instanceof Error && 'code' in error) {
      if (error.code === 'ERR_OPS_ALERT_DELIVERY' && isReadable(error)) return error;
      if (error instanceof TimeoutError) {
        return new DeliveryError(`No answer within ${error.timeoutMs} ms`, { retryable: true });
      }
    }
  } catch {
    // Described below as far as it can be read.
  }
  const message = redactSecrets(describeError(error)).slice(0, 300);
  return new DeliveryError(message, { retryable: true, cause: error });
}

/** What it says of itself is looked at here, where a getter that throws does no harm. */
function isReadable(error: Error): error is DeliveryError {
  const { message, retryable, retryAfterMs } = error as Partial<DeliveryError>;
  return (
    typeof message === 'string' &&
    typeof retryable === 'boolean' &&
    (retryAfterMs === undefined || typeof retryAfterMs === 'number')
  );
}
