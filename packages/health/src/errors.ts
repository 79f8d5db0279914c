import type { OutcomeCode } from './status.ts';

/**
 * Thrown by a check to say with which code it fails. An ordinary error does as well: its code is
 * then worked out from `error.code` and its causes.
 *
 * The message is shown, redacted and cut, to authorised readers only.
 */
export class CheckFailedError extends Error {
  override readonly name = 'CheckFailedError';
  readonly code = 'ERR_OPS_CHECK_FAILED';
  /** The code that the check gets. */
  readonly outcome: Exclude<OutcomeCode, 'ok'>;

  constructor(outcome: Exclude<OutcomeCode, 'ok'>, message: string, options?: ErrorOptions) {
    super(message, options);
    this.outcome = outcome;
  }
}
