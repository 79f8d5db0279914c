import { classifyError, read } from '../classify-error.ts';
import { CheckFailedError } from '../errors.ts';
import type { OutcomeCode } from '../status.ts';

/**
 * SQLSTATEs by what they mean to an operator.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const STATES: readonly (readonly [RegExp, Exclude<OutcomeCode, 'ok'>])[] = [
  [/^28/, 'auth'],
  [/^53[34]/, 'saturated'], // too many connections, configured limit exceeded
  [/^57014$/, 'timeout'], // cancelled, by statement_timeout
  [/^55P03$/, 'timeout'], // lock_timeout
  [/^57P0/, 'refused'], // shutting down, starting up, database dropped
  [/^08/, 'refused'],
  [/^42501$/, 'insufficient_privilege'],
];

/** Faults of `pg` itself, which have no code. */
const MESSAGES: readonly (readonly [RegExp, Exclude<OutcomeCode, 'ok'>])[] = [
  [/^timeout exceeded when trying to connect/, 'saturated'], // the pool had no free connection
  [
    /^(timeout expired|Query read timeout|Connection terminated due to connection timeout)/,
    'timeout',
  ],
  [/^Connection terminated|not queryable|^connect ENOENT/, 'refused'], // ENOENT: no such Unix socket
  [/SSL connection/, 'tls'],
  [/^SASL:/, 'auth'],
];

/** The error with the code that it means; the message of the server is kept. */
export function toCheckFailure(error: unknown): CheckFailedError {
  const message = messageOf(error) || 'no message';
  return new CheckFailedError(outcomeOf(error), message, { cause: error });
}

/** Whether it was the connection that failed, and not the server that answered. */
export function isConnectionLoss(error: unknown): boolean {
  const state = sqlStateOf(error);
  // 25P03: idle_in_transaction_session_timeout, after which the server hangs up.
  return state === undefined || /^(57P0|08|25P03)/.test(state);
}

function outcomeOf(error: unknown): Exclude<OutcomeCode, 'ok'> {
  const state = sqlStateOf(error);
  if (state !== undefined) return STATES.find(([form]) => form.test(state))?.[1] ?? 'error';
  const known = classifyError(error);
  if (known !== 'error') return known;
  const message = messageOf(error);
  return MESSAGES.find(([form]) => form.test(message))?.[1] ?? 'error';
}

/** The server's own code for the fault. Five characters with a digit among them, which tells them from `EPIPE`. */
export function sqlStateOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null ? read(error, 'code') : undefined;
  return typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

function messageOf(error: unknown): string {
  const message = typeof error === 'object' && error !== null ? read(error, 'message') : undefined;
  return typeof message === 'string' ? message : '';
}
