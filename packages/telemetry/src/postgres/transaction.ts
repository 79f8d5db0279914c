import type { SqlClient } from './database.ts';
import { serverErrorState } from './server-error.ts';

/** Of the time that is left, so that the server gives up first and the connection stays usable. */
const SERVER_SHARE = 0.9;

/** Settings of one transaction. */
export interface TransactionLimits {
  /** Each statement, and how long the connection may be silent with locks held. */
  readonly statementMs: number;
  /** @default as long as the statement */
  readonly lockMs?: number | undefined;
}

/** The server's part of `remainingMs`: a whole number, at least 1. */
export function serverLimitMs(remainingMs: number): number {
  return Math.max(1, Math.floor(remainingMs * SERVER_SHARE));
}

/**
 * Runs `work` in a transaction, with settings that end with it, so that a pooler's connection is
 * handed on as it was. `preface` goes with the first message: its statements have no results.
 *
 * Read committed, whatever the database's default is: each statement has to see what was committed
 * while the one before waited for a lock. And a process that stops in the middle loses its
 * connection, and with it its locks, after `statementMs`.
 */
export async function inTransaction<T>(
  client: SqlClient,
  limits: TransactionLimits,
  work: () => Promise<T>,
  preface: readonly string[] = [],
): Promise<T> {
  const { statementMs, lockMs } = limits;
  // SET takes no parameters; the limits are whole numbers of our own.
  const begin = [
    'begin isolation level read committed',
    `set local statement_timeout = ${statementMs}`,
    `set local idle_in_transaction_session_timeout = ${statementMs}`,
    ...(lockMs === undefined ? [] : [`set local lock_timeout = ${lockMs}`]),
    ...preface,
  ];
  try {
    await client.query(begin.join('; '));
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    // After any other error nobody knows what state the connection is in, and it is closed.
    if (serverErrorState(error) !== undefined) await client.query('rollback');
    throw error;
  }
}
