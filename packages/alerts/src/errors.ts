/** What a {@link DeliveryError} is made of. */
export interface DeliveryErrorOptions extends ErrorOptions {
  readonly retryable: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly status?: number | undefined;
}

/**
 * A channel could not deliver a message. A channel throws it to say whether trying again makes
 * sense; whatever else it throws counts as retryable. Its message goes to logs: keep secrets out.
 */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly code = 'ERR_OPS_ALERT_DELIVERY';
  /** False: the same message would be refused again, so it is given up. */
  readonly retryable: boolean;
  /** How long the other side asked to be left alone, in milliseconds. The whole channel waits. */
  readonly retryAfterMs: number | undefined;
  /** HTTP status, where one was received. */
  readonly status: number | undefined;

  constructor(message: string, options: DeliveryErrorOptions) {
    super(message, options);
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs;
    this.status = options.status;
  }
}
