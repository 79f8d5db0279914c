import { TimeoutError } from '@ops/timeout';
import { describeError } from '../describe-error.ts';
import { DeliveryError } from '../errors.ts';
import { redactSecrets } from '../redact.ts';

/** By its code: a channel of one's own may have thrown the class of another copy of this package. */
export function toDeliveryError(error: unknown): DeliveryError {
  try {
    if (error instanceof Error && 'code' in error) {
      if (error.code === 'ERR_OPS_ALERT_DELIVERY' && isReadable(error)) return error;
      if (error instanceof TimeoutError) {
        return new DeliveryError(`No answer within ${error.timeoutMs} ms`, { retryable: true });
      }
    }
  } catch {
    // Described below as far as it can be read.
  }
  const message = redactSecrets(describeError(error)).slice(0, 300);
  return new DeliveryError(message, { retryable: true, cause: error });
}

/** What it says of itself is looked at here, where a getter that throws does no harm. */
function isReadable(error: Error): error is DeliveryError {
  const { message, retryable, retryAfterMs } = error as Partial<DeliveryError>;
  return (
    typeof message === 'string' &&
    typeof retryable === 'boolean' &&
    (retryAfterMs === undefined || typeof retryAfterMs === 'number')
  );
}
