import { untilAborted } from '../until-aborted.ts';
import { isConnectionLoss } from './postgres-error.ts';
import { APPLICATION_NAME, destroyClient, type PostgresClient } from './postgres-pool.ts';

/** One read-only transaction, as what looks at the database sees it. */
export interface Read {
  /** `server_version_num`: 180001 for 18.1. */
  readonly version: number;
  /** Whether the server is a replica, so in recovery. */
  readonly isReplica: boolean;
  /**
   * The rows of a single `select`. They travel as JSON, so that numbers and dates come out the same
   * whatever parsers the program has set in `pg`; a bigint beyond 2^53 has to be cast to text.
   */
  rows<Row>(select: string, values?: readonly unknown[]): Promise<readonly Row[]>;
}

/** How long a transaction may take. */
export interface ReadLimits {
  readonly signal: AbortSignal;
  /** Time left until `signal` is aborted. The server ends a statement at nine tenths of it. */
  readonly timeoutMs: number;
}

/** One connection on which one transaction runs after the other. */
export interface CheckConnection {
  /**
   * Calls `work` in a read-only transaction, after those that were asked for before; once more when
   * the connection that was kept turns out to be dead. On abort it
   * rejects at once, and the connection is destroyed if the transaction had begun. An answer of the
   * server, as a missing privilege, ends the transaction and leaves the connection.
   */
  read<T>(limits: ReadLimits, work: (read: Read) => Promise<T>): Promise<T>;
  /** Says goodbye to the server and waits for the end. Nothing is opened after it. */
  close(): Promise<void>;
}

/** Opens nothing until the first `read`. */
export function createCheckConnection(makeClient: () => PostgresClient): CheckConnection {
  let client: PostgresClient | undefined;
  let isClosed = false;
  /** Settles when the last transaction that was asked for has ended. Never rejects. */
  let last: Promise<void> = Promise.resolve();

  async function open(): Promise<PostgresClient> {
    if (isClosed) throw new Error('The check was closed');
    const opened = makeClient();
    client = opened;
    const forget = (): void => {
      if (client === opened) client = undefined;
    };
    // Without a listener the error of an idle connection would end the process.
    opened.on('error', forget);
    opened.on('end', forget);
    await opened.connect();
    return opened;
  }

  function destroy(): void {
    const destroyed = client;
    client = undefined;
    if (destroyed !== undefined) destroyClient(destroyed);
  }

  async function transactOn<T>(
    on: PostgresClient,
    limits: ReadLimits,
    work: (read: Read) => Promise<T>,
  ): Promise<T> {
    const result = await work(await begin(on, limits));
    await on.query('commit');
    // It is kept for the next time, which must not keep the process alive.
    on.unref?.();
    return result;
  }

  /** A kept connection may have died unnoticed; what only reads may be asked again on another. */
  async function transactOnLiving<T>(
    limits: ReadLimits,
    work: (read: Read) => Promise<T>,
  ): Promise<T> {
    const kept = client;
    if (kept === undefined) return transactOn(await open(), limits, work);
    try {
      return await transactOn(kept, limits, work);
    } catch (error) {
      if (limits.signal.aborted || !isConnectionLoss(error)) throw error;
      destroy();
      return transactOn(await open(), limits, work);
    }
  }

  async function transact<T>(limits: ReadLimits, work: (read: Read) => Promise<T>): Promise<T> {
    limits.signal.throwIfAborted();
    limits.signal.addEventListener('abort', destroy, { once: true });
    try {
      return await transactOnLiving(limits, work);
    } catch (error) {
      await giveUp(error, limits.signal);
      throw error;
    } finally {
      limits.signal.removeEventListener('abort', destroy);
    }
  }

  async function giveUp(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted || isConnectionLoss(error)) {
      destroy();
      return;
    }
    try {
      await client?.query('rollback');
      client?.unref?.();
    } catch {
      destroy();
    }
  }

  return {
    read: async (limits, work) => {
      const turn = last;
      const { promise, resolve } = Promise.withResolvers<void>();
      last = promise;
      try {
        limits.signal.throwIfAborted();
        await untilAborted(turn, limits.signal);
        return await transact(limits, work);
      } finally {
        // One that gave up while it waited must not let the next in before its own turn.
        void turn.then(resolve);
      }
    },
    close: async () => {
      isClosed = true;
      const closed = client;
      client = undefined;
      // Somebody waits for this, so the process has to live until it is done.
      closed?.ref?.();
      await closed?.end();
    },
  };
}

/**
 * The limits are set inside the transaction: that leaves nothing behind on a connection that a
 * pooler shares. A lock is waited for as long as half of the limit, so that a table locked by a
 * migration gives `timeout` with the connection intact. Row security that would hide rows is then an
 * error, a missing privilege, instead of a wrong answer. Compiling a statement takes longer than most
 * of these run.
 */
async function begin(client: PostgresClient, { timeoutMs }: ReadLimits): Promise<Read> {
  client.ref?.();
  const results = await client.query(`begin transaction isolation level read committed read only;
set local statement_timeout = ${msOf(timeoutMs * 0.9)};
set local lock_timeout = ${msOf(timeoutMs / 2)};
set local idle_in_transaction_session_timeout = ${msOf(timeoutMs + 1_000)};
set local application_name = '${APPLICATION_NAME}';
set local row_security = off;
set local jit = off;
select pg_catalog.current_setting('server_version_num') as version,
  pg_catalog.pg_is_in_recovery()::text as "isReplica"`);
  const [state] = rowsOf(Array.isArray(results) ? results[7] : undefined);
  const { version, isReplica } = state as { version: string; isReplica: string };
  const rows = async <Row>(select: string, values: readonly unknown[] = []) => {
    const text = `select coalesce(pg_catalog.json_agg(found), '[]')::text as found from (${select}\n) as found`;
    const [{ found }] = rowsOf(await client.query(text, values)) as [{ found: string }];
    return JSON.parse(found) as readonly Row[];
  };
  return { version: Number(version), isReplica: isReplica === 'true', rows };
}

/** At least 1: 0 would switch a limit off. */
function msOf(ms: number): number {
  return Math.max(1, Math.min(2 ** 31 - 1, Math.ceil(ms)));
}

function rowsOf(result: unknown): readonly unknown[] {
  const { rows } = (result ?? {}) as { readonly rows?: unknown };
  if (Array.isArray(rows) && rows.length > 0) return rows;
  throw new Error('The answer is not that of a PostgreSQL server');
}
