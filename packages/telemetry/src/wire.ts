/** One event as it travels, in JSON. */
export interface WireEvent {
  /** UUID version 7, made when the event was tracked. The same in every attempt to deliver it. */
  readonly id: string;
  readonly name: string;
  /** When it was tracked, by the client's clock, as ISO 8601 in UTC. */
  readonly timestamp: string;
  readonly props: unknown;
  readonly context: Readonly<Record<string, unknown>>;
  /** Above 0, at most 1: the event stands for 1 / `sampleRate` events. Absent means 1. */
  readonly sampleRate?: number | undefined;
}

/** The body of a request. */
export interface WireBatch {
  /** When this attempt was sent, by the client's clock: the server corrects timestamps with it. */
  readonly sentAt: string;
  readonly events: readonly WireEvent[];
  /** The write key, where no header can be sent: a beacon. */
  readonly key?: string | undefined;
  /**
   * Events that this client has lost, by reason, since the last report that was acknowledged: an
   * answer with status 200 and results acknowledges it. Without what was left out on purpose.
   */
  readonly lost?: Readonly<Record<string, number>> | undefined;
  /**
   * UUID of the report in `lost`. Until it is acknowledged, every request carries the same report with
   * the same id, whatever its events and whatever was lost since; so a server that has counted an id
   * does not count it again.
   */
  readonly lostId?: string | undefined;
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
