/** One event as it travels, in JSON. */
export interface WireEvent {
  /** UUID version 7, made when the event was tracked. The same in every attempt to deliver it. */
  readonly id: string;
  readonly name: string;
  /** When it was tracked, by the client's clock, as ISO 8601 in UTC. */
  readonly timestamp: string;
  readonly props: unknown;
  readonly context: Readonly<Record<string, unknown>>;
}

/** The body of a request. */
export interface WireBatch {
  /** When this attempt was sent, by the client's clock: the server corrects timestamps with it. */
  readonly sentAt: string;
  readonly events: readonly WireEvent[];
}

/**
 * What became of one event: `ok`, it is stored (now or by an earlier attempt); `warning`, stored
 * with a change that `details` tells; `drop`, refused for good; `retry`, send it again.
 */
export interface EventResult {
  readonly result: 'ok' | 'warning' | 'drop' | 'retry';
  readonly details?: string | undefined;
}

/**
 * The body of an answer. A client may take an event as delivered only when its id is in here with
 * `ok` or `warning`, in an answer with status 200.
 */
export interface WireResults {
  readonly results: Readonly<Record<string, EventResult>>;
}
