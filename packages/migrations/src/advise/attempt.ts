import { isServerError } from '../database/client.ts';
import type { Session } from '../database/session.ts';
import type { Trouble } from './measurement.ts';

/** What was asked for, or why it could not be had. */
export type Attempt<T> = { readonly value: T } | { readonly trouble: Trouble };

/** Limits, in whole milliseconds; 0 is none. */
export interface Limits {
  readonly statementMs: number;
  readonly lockMs: number;
}

/**
 * Runs `work` in a transaction that is rolled back whatever comes. A lost connection and an abort reject.
 *
 * @param mode `read only` refuses every statement that writes, functions that do included.
 */
export async function inTransaction<T>(
  session: Session,
  mode: 'read only' | 'read write',
  limits: Limits,
  work: () => Promise<T>,
): Promise<T> {
  try {
    await session.query(`begin transaction ${mode}; ${limitSql(limits)}`);
    return await work();
  } finally {
    // A connection that cannot roll back is closed; the server rolls back then.
    await session.settle('rollback').catch(() => {});
  }
}

/** Sets the limits until the end of the transaction or of the savepoint. */
export function limitSql({ statementMs, lockMs }: Limits): string {
  return `set local statement_timeout = ${statementMs}; set local lock_timeout = ${lockMs}`;
}

/**
 * Runs `work` within the open transaction, so that an error of the server does not end it. What it
 * did stays only when it succeeds and `keep` is true.
 */
export async function inSavepoint<T>(
  session: Session,
  work: () => Promise<T>,
  { keep = false }: { readonly keep?: boolean } = {},
): Promise<Attempt<T>> {
  await session.query('savepoint ops_advise');
  const attempt = await attempted(work);
  if (!keep || 'trouble' in attempt) await session.query('rollback to savepoint ops_advise');
  await session.query('release savepoint ops_advise');
  return attempt;
}

/** An error of the server becomes a trouble, everything else is thrown on. */
export async function attempted<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (!isServerError(error)) throw error;
    const detail = error.detail === undefined ? '' : ` ${error.detail}`;
    return { trouble: { message: `${error.message}${detail}`, sqlstate: error.code } };
  }
}
