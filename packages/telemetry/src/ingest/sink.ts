/** A validated event on its way into storage. */
export interface IngestEvent {
  /** A UUID in lower case. The same event sent twice has the same id. */
  readonly id: string;
  readonly name: string;
  /** What the event's schema made of the properties that came. */
  readonly props: unknown;
  /** As it came, not validated. */
  readonly context: Readonly<Record<string, unknown>>;
  /** When it happened, by the server's clock: corrected by the client's skew, and clamped. */
  readonly timestamp: Date;
  readonly receivedAt: Date;
}

/**
 * What became of one event: `ok`, it is stored, now or before; `drop`, it can never be stored;
 * `retry`, it may be stored later.
 */
export type SinkOutcome =
  | { readonly result: 'ok' }
  | {
      readonly result: 'drop';
      /** Sent to the client: no data of others, no internals. */
      readonly details: string;
      /** For `onReject`, not for the client. */
      readonly cause?: unknown;
    }
  | { readonly result: 'retry'; readonly cause?: unknown };

/** Where events are stored. */
export interface EventSink {
  /**
   * Stores the events, each once however often it is given, and resolves after the commit with one
   * outcome per event, in their order. Rejects when nothing can be said of any: all are sent again.
   * Must settle; until then it takes one of the handler's `limits.concurrentWrites`.
   */
  write(events: readonly IngestEvent[]): Promise<readonly SinkOutcome[]>;
}
