import { type Clock, withTimeout } from '@ops/timeout';
import { askedPauseMs, backoffMs } from '../backoff.ts';
import type { Channel, Json } from '../channel.ts';
import type { DeliveryError } from '../errors.ts';
import type { Emit, MessageSummary } from '../events.ts';
import type { DeliverySettings } from '../options.ts';
import type { Claim, ClaimRequest, Settlement } from '../store.ts';
import { openEnvelope } from './compose-messages.ts';
import type { Outcomes } from './outcomes.ts';
import { toDeliveryError } from './to-delivery-error.ts';

/** Sends what was claimed, one message at a time to each channel, so that no channel waits for another. */
export interface Dispatcher {
  /** The channels that can be sent to right now. */
  claimable(): readonly ClaimRequest[];
  take(claims: readonly Claim[]): void;
  readonly inFlightCount: number;
  /** Resolves when nothing is in flight. */
  idle(): Promise<void>;
  /** Claims nothing more; what is in flight goes on. */
  pause(): void;
  resume(): void;
  /** Aborts what is being sent and gives it back to the store. */
  stop(): Promise<void>;
  readonly deliveredCount: number;
  /** How it went last. */
  healthOf(channel: string): ChannelHealth;
}

/** How a channel took what this process sent by it. */
interface ChannelHealth {
  /** It asked to be left alone until then, by the store's time. */
  readonly pausedUntilMs: number;
  /** It has refused a message for good, and taken none since. */
  readonly isBroken: boolean;
}

export interface DispatcherOptions {
  readonly channels: Readonly<Record<string, Channel>>;
  readonly delivery: DeliverySettings;
  readonly clock: Clock;
  readonly time: () => number;
  readonly random: () => number;
  readonly fetch: typeof globalThis.fetch | undefined;
  readonly emit: Emit;
  readonly outcomes: Outcomes;
  /** The store's. */
  readonly now: () => number;
  /** Shared with whoever else sends by the same channels. */
  readonly busy: Set<string>;
  /** A channel is free again, or there is more to send. */
  readonly onFree: () => void;
}

/** Beyond `sendTimeout`: for what the store and a busy process take. */
const LEASE_SPARE_MS = 30_000;

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { channels, delivery, clock, time, emit, outcomes, now, busy, onFree } = options;
  const stopping = new AbortController();
  const inFlight = new Set<Promise<void>>();
  const health = new Map<string, ChannelHealth>();
  const lastSentMs = new Map<string, number>();
  let isPaused = false;
  let deliveredCount = 0;

  async function attempt(claim: Claim): Promise<void> {
    const channel = channels[claim.channel];
    if (channel === undefined) return;
    await spaced(claim.channel, channel);
    if (stopping.signal.aborted) return outcomes.settle(settlementOf(claim, 'closing', 0, 0));
    if (await outcomes.digest(claim, channel)) return;
    const envelope = openEnvelope(claim.payload);
    if (envelope === undefined) return outcomes.delivered(claim, undefined);
    let receipt: Json | undefined;
    try {
      const { id, group, previous, attempt: count } = claim;
      const sent = await withTimeout(
        ({ signal }) =>
          channel.send(envelope.body, {
            id,
            group,
            previous,
            attempt: count,
            signal,
            fetch: options.fetch,
          }),
        delivery.sendTimeoutMs,
        { signal: stopping.signal, clock },
      );
      receipt = plain(sent);
    } catch (error) {
      // Given back as it was: whether it arrived is not known.
      if (stopping.signal.aborted) return outcomes.settle(settlementOf(claim, 'closing', 0, 0));
      return failed(claim, toDeliveryError(error));
    }
    deliveredCount += 1;
    health.delete(claim.channel);
    emit({ type: 'delivered', ...attemptedOf(claim) });
    return outcomes.delivered(claim, receipt);
  }

  /**
   * The store gives messages out at the channel's rate, but its answers take longer at times: what was
   * claimed a second apart must not be sent half a second apart.
   */
  async function spaced(name: string, { rate }: Channel): Promise<void> {
    const sinceMs = time() - (lastSentMs.get(name) ?? Number.NEGATIVE_INFINITY);
    const waitMs =
      rate === undefined || (rate.burst ?? 1) > 1 ? 0 : 1_000 / rate.perSecond - sinceMs;
    if (waitMs > 0) await pause(waitMs);
    lastSentMs.set(name, time());
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = stopping;
      const end = (): void => {
        clock.clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = clock.setTimeout(end, Math.ceil(ms));
      signal.addEventListener('abort', end, { once: true });
    });
  }

  function failed(claim: Claim, error: DeliveryError): Promise<void> {
    const pauseMs = askedPauseMs(error.retryAfterMs ?? 0);
    const delayMs = Math.max(jitterMs(claim.attempt), pauseMs);
    const isTooOld = now() + delayMs - claim.createdAtMs > delivery.maxAgeMs;
    if (!error.retryable || isTooOld) {
      const cause = error.retryable ? 'expired' : 'rejected';
      health.set(claim.channel, { pausedUntilMs: now() + pauseMs, isBroken: true });
      emit({ type: 'failed', cause, error, ...attemptedOf(claim) });
      return outcomes.givenUp(claim, error.message);
    }
    const { isBroken } = healthOf(claim.channel);
    health.set(claim.channel, { pausedUntilMs: now() + pauseMs, isBroken });
    emit({ type: 'retry', error, delayMs, ...attemptedOf(claim) });
    // What came before a digest is in it: nothing may overtake it.
    const wholePauseMs = claim.kind === 'digest' ? delayMs : pauseMs;
    return outcomes.settle(settlementOf(claim, error.message, delayMs, wholePauseMs));
  }

  function healthOf(channel: string): ChannelHealth {
    return health.get(channel) ?? { pausedUntilMs: 0, isBroken: false };
  }

  function jitterMs(attemptCount: number): number {
    try {
      const ms = backoffMs(attemptCount, options.random);
      if (ms >= 0 && ms < Infinity) return ms;
    } catch (error) {
      emit({ type: 'fault', error });
    }
    return backoffMs(attemptCount, () => 0.5);
  }

  async function handle(claim: Claim): Promise<void> {
    try {
      await attempt(claim);
    } catch (error) {
      emit({ type: 'fault', error });
    }
    busy.delete(claim.channel);
  }

  function take(claim: Claim): void {
    busy.add(claim.channel);
    const work = handle(claim).finally(() => {
      inFlight.delete(work);
      onFree();
    });
    inFlight.add(work);
  }

  return {
    claimable() {
      if (isPaused || stopping.signal.aborted) return [];
      return Object.entries(channels).flatMap(([channel, { rate }]) => {
        if (busy.has(channel)) return [];
        const intervalMs = rate === undefined ? 0 : 1_000 / rate.perSecond;
        const leaseMs = delivery.sendTimeoutMs + LEASE_SPARE_MS;
        return [{ channel, intervalMs, burst: rate?.burst ?? 1, leaseMs }];
      });
    },
    take: (claims) => claims.forEach(take),
    get inFlightCount() {
      return inFlight.size;
    },
    async idle() {
      while (inFlight.size > 0) await Promise.all(inFlight);
    },
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
    },
    async stop() {
      isPaused = true;
      stopping.abort();
      await Promise.all(inFlight);
    },
    get deliveredCount() {
      return deliveredCount;
    },
    healthOf,
  };
}

function settlementOf(
  { ids, lease, channel }: Claim,
  error: string,
  delayMs: number,
  pauseMs: number,
): Settlement {
  return { ids, lease, channel, outcome: 'retry', error: error.slice(0, 500), delayMs, pauseMs };
}

interface AttemptedMessage {
  readonly channel: string;
  readonly message: MessageSummary;
  readonly attemptCount: number;
}

function attemptedOf(claim: Claim): AttemptedMessage {
  const { id, group, alertIds, channel, attempt } = claim;
  const { kind, text } = openEnvelope(claim.payload) ?? claim;
  return { channel, message: { id, kind, group, text, alertIds }, attemptCount: attempt };
}

/** What a channel returns is stored: it has to survive that. */
function plain(value: Json | undefined | void): Json | undefined {
  try {
    return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as Json);
  } catch {
    return undefined;
  }
}
