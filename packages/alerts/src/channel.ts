import type { Message } from './message.ts';

/** What {@link Channel.send} may use besides the message. */
export interface SendContext {
  /** Aborted when `sendTimeout` has passed, or when `close()` has run out of time. */
  readonly signal: AbortSignal;
  /** The `fetch` given to `createAlerts`; undefined when none was. */
  readonly fetch: typeof globalThis.fetch | undefined;
}

/** A way to reach people. Implement it to add your own. */
export interface Channel {
  /** What it is, for logs: `webhook`. */
  readonly kind: string;
  /**
   * Delivers one message; resolved means delivered. Called for one message at a time. After a
   * failure the same message comes again, with the same `id` and `body`, unless the failure is a
   * `DeliveryError` that is not `retryable`. Delivery is at least once: a message whose failure came
   * after its arrival arrives twice, so pass `message.id` on where the other side can use it.
   */
  send(message: Message, context: SendContext): Promise<void>;
}
