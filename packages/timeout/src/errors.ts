import { TimeoutError as BaseTimeoutError } from 'p-timeout';

/**
 * Which limit ran out: `attempt`, one try of the operation; `total`, the whole of it, body included.
 */
export type TimeoutScope = 'attempt' | 'total';

/**
 * The time allowed ran out first. The operation's signal is aborted with this error; an operation
 * that ignores its signal goes on running. Also an instance of p-timeout's `TimeoutError`.
 */
export class TimeoutError extends BaseTimeoutError {
  readonly code = 'ERR_OPS_TIMEOUT';
  readonly scope: TimeoutScope;
  /** Time that was allowed, in milliseconds. */
  readonly timeoutMs: number;

  constructor(scope: TimeoutScope, timeoutMs: number, options?: ErrorOptions) {
    super(
      `No result within ${timeoutMs} ms (${scope} timeout); allow more time or find what is slow`,
      options,
    );
    this.scope = scope;
    this.timeoutMs = timeoutMs;
  }
}

/** An option is wrong. Thrown at construction, naming the option, what was expected and what came. */
export class InvalidOptionsError extends TypeError {
  override readonly name = 'InvalidOptionsError';
  readonly code = 'ERR_OPS_INVALID_OPTIONS';
}
