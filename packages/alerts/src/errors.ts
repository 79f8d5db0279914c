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

/** There is no such alert, or it has ended. */
export class AlertNotFoundError extends Error {
  override readonly name = 'AlertNotFoundError';
  readonly code = 'ERR_OPS_ALERT_NOT_FOUND';
  readonly alertId: string;

  constructor(alertId: string, options?: ErrorOptions) {
    super(`There is no active alert '${alertId}'; it may have ended, see active()`, options);
    this.alertId = alertId;
  }
}

/** An alert could not be changed, since other replicas changed it again and again meanwhile. */
export class AlertBusyError extends Error {
  override readonly name = 'AlertBusyError';
  readonly code = 'ERR_OPS_ALERT_BUSY';
  readonly alertId: string;

  constructor(alertId: string, options?: ErrorOptions) {
    super(`Alert '${alertId}' was changed by others at the same time; try again`, options);
    this.alertId = alertId;
  }
}

/** The `createAlerts` that was asked was closed. */
export class AlertsClosedError extends Error {
  override readonly name = 'AlertsClosedError';
  readonly code = 'ERR_OPS_ALERTS_CLOSED';

  constructor(options?: ErrorOptions) {
    super('close() was called: nothing is stored or sent any more', options);
  }
}
