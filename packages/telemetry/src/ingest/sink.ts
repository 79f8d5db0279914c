/** A validated event on its way into storage. */
export interface IngestEvent {
  /** A UUID in lower case. The same event sent twice has the same id. */
  readonly id: string;
  readonly name: string;
  /** What the event's schema made of the properties that came. */
  readonly props: unknown;
  /** As it came, not validated. */
  readonly context: Readonly<Record<string, unknown>>;
  /**
   * When it happened, by the server's clock: corrected by the client's skew, and clamped. A repeat
   * of the event may have a slightly different one.
   */
  readonly timestamp: Date;
  /** As the client wrote it, the same in every repeat; null when it wrote none that can be read. */
  readonly clientTimestamp: Date | null;
  readonly receivedAt: Date;
  /** Who sent it: the name that `auth` returned. */
  readonly source: string;
  /** In (0, 1]. It stands for `1 / sampleRate` events. */
  readonly sampleRate: number;
}

/**
 * What became of one event: `ok`, it is stored, now or before; `drop`, it can never be stored;
 * `retry`, it may be stored later.
 */
export type SinkOutcome =
  | {
      readonly result: 'ok';
      /** It was there before this write. Absent when it is new, or the sink cannot tell. */
      readonly duplicate?: true | undefined;
    }
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
   * outcome per event, in their order. No two of one call have the same id; calls under way at the
   * same time may. Rejects when nothing can be said of any: all are sent again. Events of several
   * requests come in one call, so an event that cannot be stored must not fail the others.
   * Until it settles it takes one of the handler's `limits.concurrentWrites`.
   */
  write(events: readonly IngestEvent[]): Promise<readonly SinkOutcome[]>;
}
