import type { Notification } from './notification.ts';

/** Anything that survives `JSON.parse(JSON.stringify(value))`. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

/** What {@link Channel.send} may use besides the payload. */
export interface SendContext {
  /** {@link Notification.id}: the same through all retries, by any replica. */
  readonly id: string;
  /** {@link Notification.group}. */
  readonly group: string;
  /** What `send` returned for the last delivered message of the same group; undefined for the first. */
  readonly previous: Json | undefined;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Aborted when `sendTimeout` has passed, or when `close()` has run out of time. */
  readonly signal: AbortSignal;
  /** The `fetch` given to `createAlerts`; undefined when none was. */
  readonly fetch: typeof globalThis.fetch | undefined;
}

/** How fast a channel may be used, by all replicas together. */
export interface ChannelRate {
  /** Messages in a second, in the long run; may be below 1. */
  readonly perSecond: number;
  /** How many may be sent without a pause after a quiet time. @default 1 */
  readonly burst?: number | undefined;
}

/** A way to reach people. Implement it to add your own: `kind` and `send` are enough. */
export interface Channel {
  /** What it is, for logs: `webhook`. */
  readonly kind: string;
  /** @default no limit */
  readonly rate?: ChannelRate | undefined;
  /**
   * False where each alert must arrive by itself (an incident a trigger): many waiting messages are
   * then not joined to one digest. @default true
   */
  readonly digests?: boolean | undefined;
  /** Whether `acknowledged` notifications are sent to it. @default false */
  readonly acknowledges?: boolean | undefined;
  /**
   * Makes what is stored and sent, once for all attempts: some services refuse a repetition with
   * another body. Pure. Null: there is nothing to tell this channel. Left out: the notification itself.
   */
  render?(notification: Notification): Json;
  /**
   * Delivers one payload; resolved means delivered. Called for one message at a time, by one replica
   * at a time. After a failure the same payload comes again unless the failure is a `DeliveryError`
   * that is not `retryable`. Delivery is at least once: what arrived although the attempt failed, or
   * whose sender died, arrives again with the same `id`; pass that on where the other side can use it.
   *
   * @returns what `previous` is to be for the next message of the group, or nothing.
   */
  send(payload: Json, context: SendContext): Promise<Json | undefined | void>;
}
