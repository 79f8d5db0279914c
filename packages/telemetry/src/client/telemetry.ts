import type { Duration } from '@ops/timeout';
import type { EventDefinitions, EventName, EventProps } from '../events.ts';
import type { DropReason, RefusalReason } from './drop.ts';

/** One argument; it may be left out where no property is required. */
type PropsArgument<P> = [P] extends [object]
  ? [Partial<P>] extends [P]
    ? [props?: P]
    : [props: P]
  : [props: P];

/**
 * Facts that go with every event. `userId` and `path` have columns of their own in the default table
 * of `postgresSink`; others may.
 */
export interface EventContext {
  readonly userId?: string | null | undefined;
  readonly path?: string | null | undefined;
  readonly [key: string]: unknown;
}

/** Takes events, with a context of its own. */
export interface Tracker<E extends EventDefinitions> {
  /**
   * Reads `props` now and queues the event. True when it was accepted; false when it
   * was refused and counted in `stats().refused`. Never throws, never waits, and calls no code of
   * yours except `beforeSend`, `waitUntil` and what reading `props` calls. The properties are not validated here. They may be left
   * out where none is required.
   */
  track<N extends EventName<E>>(name: N, ...props: PropsArgument<EventProps<E, N>>): boolean;
  /**
   * A tracker whose events carry `context` on top of this one's, into the same queue. Read once, now.
   * Never throws; when `context` cannot be read, the events of the new tracker are refused.
   */
  with(context: EventContext): Tracker<E>;
}

/** The client. Its methods can be taken off it and passed around. */
export interface Telemetry<E extends EventDefinitions> extends Tracker<E>, AsyncDisposable {
  /**
   * What the user has said, from now on, for every tracker: `granted` sends; `pending` keeps events in
   * the queue and sends none; `denied` drops what is pending, aborts the request under way, and
   * refuses events until it is granted. Whatever is none of these words counts as `denied`.
   */
  consent(state: ConsentState): void;
  /**
   * For who produces events faster than they can be sent: resolves with true at once while the queue
   * has room, else when half of it is free; with false when `timeout` is up, `signal` is aborted or
   * shutdown has begun. Never rejects. Without it a full queue drops its oldest events.
   */
  ready(options?: ReadyOptions): Promise<boolean>;
  /** The books at this moment. Cheap. */
  stats(): TelemetryStats;
  /**
   * Sends what is pending without waiting for a batch to fill. Resolves when everything accepted
   * before the call is delivered or dropped, when `timeout` is up, or at once when the next attempt
   * (after a failure or a `Retry-After`) is only due later than that, or while consent is pending.
   * Never rejects.
   */
  flush(options?: FlushOptions): Promise<DeliveryReport>;
  /**
   * Closes: from now on `track()` returns false. Delivers what it can within `timeout`, then drops
   * the rest (`shutdown`), tells of untold losses, and leaves no timer and no request behind. With a
   * `timeout` of 0 it does so before it returns. Never rejects. A second call returns the promise of
   * the first.
   */
  shutdown(options?: ShutdownOptions): Promise<DeliveryReport>;
  /** {@link Telemetry.shutdown} with its default timeout. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What the user has said about being measured. */
export type ConsentState = 'granted' | 'pending' | 'denied';

/** Options of {@link Telemetry.ready}. */
export interface ReadyOptions {
  /**
   * From the call on. One that makes no sense counts as the default, since this must not fail.
   * @default '30s'
   */
  readonly timeout?: Duration | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Telemetry.flush}. */
export interface FlushOptions {
  /**
   * From the call on. One that makes no sense counts as the default, since this must not fail.
   * @default '30s'
   */
  readonly timeout?: Duration | undefined;
  /** Aborting it ends the wait, not the delivery. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Telemetry.shutdown}. */
export interface ShutdownOptions {
  /**
   * From the call on. One that makes no sense counts as the default, since this must not fail.
   * @default '5s'
   */
  readonly timeout?: Duration | undefined;
  /** Aborting it is as if the time were up. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * `accepted = delivered + pending + the sum of dropped`, at every moment. Events for which `track()`
 * returned false are in `refused` and nowhere else.
 */
export interface TelemetryStats {
  /** Events for which `track()` returned true. */
  readonly accepted: number;
  /** Those that the server said it has stored. */
  readonly delivered: number;
  /** Those that wait or are in flight. */
  readonly pending: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  readonly refused: Readonly<Record<RefusalReason, number>>;
  /** JSON of what is pending, in UTF-8. */
  readonly bytes: number;
}

/** What happened during a flush or shutdown. */
export interface DeliveryReport {
  /** Delivered since the call. */
  readonly delivered: number;
  /** Dropped since the call. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Still pending; 0 after shutdown. */
  readonly pending: number;
}
