import { TimeoutError as BaseTimeoutError } from 'p-timeout';

/**
 * Which limit ran out: `attempt`, one try of the operation; `total`, the whole of it, body included;
 * `body-idle`, the pause between two pieces of a body; `queue`, the wait for a free place.
 */
export type TimeoutScope = 'attempt' | 'total' | 'body-idle' | 'queue';

/** What a {@link TimeoutError} can be told beyond its limit. */
export interface TimeoutErrorOptions extends ErrorOptions {
  /** Time that passed. Default: the time allowed. */
  readonly elapsedMs?: number | undefined;
  /** Tries begun so far. Default: 1. */
  readonly attempts?: number | undefined;
}

/**
 * The time allowed ran out first. The operation's signal is aborted with this error; an operation
 * that ignores its signal goes on running. Also an instance of p-timeout's `TimeoutError`.
 */
export class TimeoutError extends BaseTimeoutError {
  readonly code = 'ERR_OPS_TIMEOUT';
  readonly scope: TimeoutScope;
  /** Time that was allowed, in milliseconds. */
  readonly timeoutMs: number;
  /** Time that had passed when the limit was enforced, by the monotonic clock. */
  readonly elapsedMs: number;
  /** Tries begun by then, the one that was cut off included; 0 when there was no time to begin. */
  readonly attempts: number;

  constructor(
    scope: TimeoutScope,
    timeoutMs: number,
    { elapsedMs = timeoutMs, attempts = 1, ...options }: TimeoutErrorOptions = {},
  ) {
    super(`No result within ${timeoutMs} ms (${scope} timeout)`, options);
    this.scope = scope;
    this.timeoutMs = timeoutMs;
    this.elapsedMs = elapsedMs;
    this.attempts = attempts;
  }
}

/** Turned away by an open circuit; the operation was not started. */
export class CircuitOpenError extends Error {
  override readonly name = 'CircuitOpenError';
  readonly code = 'ERR_OPS_CIRCUIT_OPEN';
  /** Which circuit. */
  readonly key: string;
  /** When it is worth trying again; `Infinity` while the circuit is isolated by hand. */
  readonly retryAfterMs: number;

  constructor(key: string, retryAfterMs: number) {
    const until =
      retryAfterMs === Infinity ? 'isolated by hand' : `try again in ${Math.ceil(retryAfterMs)} ms`;
    super(`Circuit ${JSON.stringify(key)} is open; ${until}`);
    this.key = key;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Every place and every place in the queue is taken; the operation was not started. */
export class BulkheadFullError extends Error {
  override readonly name = 'BulkheadFullError';
  readonly code = 'ERR_OPS_BULKHEAD_FULL';
  readonly key: string;
  /** Calls that may run at once. */
  readonly limit: number;
  /** Calls that may wait. */
  readonly queue: number;

  constructor(key: string, limit: number, queue: number) {
    super(
      `Bulkhead ${JSON.stringify(key)} is full: ${limit} running, ${queue} waiting; send less or raise its limits`,
    );
    this.key = key;
    this.limit = limit;
    this.queue = queue;
  }
}

/** An option is wrong. Thrown at construction, naming the option, what was expected and what came. */
export class InvalidOptionsError extends TypeError {
  override readonly name = 'InvalidOptionsError';
  readonly code = 'ERR_OPS_INVALID_OPTIONS';
}
