import { withTimeout } from '@ops/timeout';
import type { SqlClient, SqlPool } from '../postgres/database.ts';
import { serverErrorState } from '../postgres/server-error.ts';
import { withClient } from '../postgres/with-client.ts';

/** What bounds one transaction. */
export interface TransactionLimits {
  /** For all of it, waiting for a connection included; then the connection is closed. */
  readonly timeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly access: 'read only' | 'read write';
  readonly signal?: AbortSignal | undefined;
}

/** The server ends the transaction, and frees its locks, when this process stops mid-way. */
const IDLE_LIMIT_MS = 15_000;

/**
 * Runs `work` in one READ COMMITTED transaction and commits it, or rolls back and rethrows. What is
 * set is local to the transaction, so that the connection goes back as it came.
 */
export async function inTransaction<T>(
  pool: SqlPool,
  limits: TransactionLimits,
  work: (client: SqlClient) => Promise<T>,
): Promise<T> {
  const transaction = async (client: SqlClient): Promise<T> => {
    try {
      await client.query(begin(limits));
      const result = await work(client);
      await client.query('commit');
      return result;
    } catch (error) {
      // An error of our own leaves the transaction open, too; only a lost connection needs nothing.
      if (serverErrorState(error) !== undefined || isOwn(error)) await client.query('rollback');
      throw error;
    }
  };
  return withTimeout(({ signal }) => withClient(pool, signal, transaction), limits.timeoutMs, {
    signal: limits.signal,
  });
}

function isOwn(error: unknown): boolean {
  const code: unknown = Reflect.get(Object(error), 'code');
  return typeof code === 'string' && code.startsWith('ERR_OPS_TELEMETRY_');
}

/** Starting workers takes 20 ms and more, and what is read is small. */
const ALONE = ';\nset local max_parallel_workers_per_gather = 0';
/** Sketches of 100,000 rows are sorted and hashed in some 30 MB; 4 MB, the default, spills them. */
const AT_EASE = ";\nset local work_mem = '64MB'";

function begin(limits: TransactionLimits): string {
  return `begin isolation level read committed ${limits.access};
set local statement_timeout = ${Math.ceil(limits.statementTimeoutMs)};
set local lock_timeout = ${Math.ceil(limits.lockTimeoutMs)};
set local idle_in_transaction_session_timeout = ${IDLE_LIMIT_MS};
set local timezone = 'UTC';
set local datestyle = 'ISO';
set local extra_float_digits = 1;
set local jit = off${limits.access === 'read only' ? ALONE : AT_EASE}`;
}
