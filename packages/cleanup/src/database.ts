import { type Clock, withTimeout } from '@ops/timeout';

/** A row as the statements here ask for it: every value is text, whatever parsers are installed. */
export type TextRow = Readonly<Record<string, string | null>>;

/**
 * The part of `pg.PoolClient` that is used. Structural, so that `pg` is no dependency and a pool
 * from another copy of it, or a wrapper around one, fits.
 */
export interface CleanupClient {
  query(
    text: string,
    values?: unknown[],
  ): Promise<{
    readonly rows: readonly Readonly<Record<string, unknown>>[];
    /** How many rows a statement changed or returned, as the server says. */
    readonly rowCount?: number | null | undefined;
  }>;
  /** `true` closes the connection instead of giving it back. */
  release(destroy?: boolean): void;
  on?(event: 'error', listener: (error: Error) => void): unknown;
  removeListener?(event: 'error', listener: (error: Error) => void): unknown;
}

/** The part of `pg.Pool` that is used. */
export interface CleanupPool {
  connect(): Promise<CleanupClient>;
}

/** Runs one statement of a transaction. */
export type Query = (text: string, values?: readonly unknown[]) => Promise<Rows>;

/** What a statement returned. */
interface Rows extends ReadonlyArray<TextRow> {
  /** How many rows it changed or returned; undefined when the driver does not tell. */
  readonly affected?: number | undefined;
}

/** How one run reaches the database. */
export interface Database {
  readonly pool: CleanupPool;
  readonly clock: Clock;
  /** Ends the wait for a connection. A statement that was sent is waited for: its limit is short. */
  readonly signal: AbortSignal | undefined;
}

/** What the server enforces inside one transaction; it forgets them when the transaction ends. */
export interface TransactionLimits {
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly access: 'read only' | 'read write';
  /** What else to do first, as SQL: settings, locks. Sent along with BEGIN, to save a round trip. */
  readonly settings?: string | undefined;
}

/** Waiting for a free connection of the pool, in milliseconds. */
const CONNECT_LIMIT_MS = 30_000;
/** On top of the statement timeout: the server should have answered, so the connection is dead. */
const ANSWER_GRACE_MS = 10_000;
/** The server ends the transaction, and frees its row locks, when this process stops mid-way. */
const IDLE_LIMIT_MS = 15_000;

/**
 * COMMIT was sent and no answer came, so the transaction may or may not have been committed.
 * Carries what the transaction would have returned.
 */
export class CommitUnansweredError<T> extends Error {
  readonly result: T;

  constructor(result: T, cause: unknown) {
    super('The connection was lost before COMMIT was answered', { cause });
    this.result = result;
  }
}

/**
 * Runs `work` in one READ COMMITTED transaction and commits it, or rolls back and rethrows.
 * Everything set is local to the transaction, so the connection goes back as it came; a connection
 * that fails to roll back is closed.
 */
export async function inTransaction<T>(
  database: Database,
  limits: TransactionLimits,
  work: (query: Query) => Promise<T>,
): Promise<T> {
  const client = await acquire(database);
  const onError = (): void => {}; // The failed query reports it; without a listener it would be thrown.
  client.on?.('error', onError);
  const answerLimitMs = limits.statementTimeoutMs + ANSWER_GRACE_MS;
  const query: Query = async (text, values) => {
    const send = () => (values ? client.query(text, [...values]) : client.query(text));
    const { rows, rowCount } = await withTimeout(send, answerLimitMs, { clock: database.clock });
    return Object.assign(rows ?? [], { affected: rowCount ?? undefined }) as Rows;
  };
  let isClean = false;
  try {
    await query(begin(limits));
    const result = await work(query);
    try {
      await query('commit');
    } catch (error) {
      throw isServerError(error) ? error : new CommitUnansweredError(result, error);
    }
    isClean = true;
    return result;
  } catch (error) {
    isClean = isServerError(error) && (await rolledBack(query));
    throw error;
  } finally {
    client.removeListener?.('error', onError);
    client.release(!isClean);
  }
}

/**
 * True when the error is the server's verdict on a statement, after which the session lives on.
 * SQLSTATE alone does not tell: `EPIPE` looks like one.
 */
export function isServerError(error: unknown): error is ServerError {
  if (typeof error !== 'object' || error === null) return false;
  const { code, severity } = error as Partial<ServerError>;
  return (
    typeof code === 'string' &&
    typeof severity === 'string' &&
    !['FATAL', 'PANIC'].includes(severity)
  );
}

/** The fields of a `pg.DatabaseError` that are read. */
export interface ServerError extends Error {
  /** SQLSTATE. */
  readonly code: string;
  readonly severity: string;
  /** Call context: set when a trigger function or a foreign key's own statement raised it. */
  readonly where?: string | undefined;
  readonly constraint?: string | undefined;
}

function begin(limits: TransactionLimits): string {
  // UTC and ISO make text of timestamps exact, and conditions mean the same on every connection.
  return `begin isolation level read committed${limits.access === 'read only' ? ' read only' : ''};
    set local lock_timeout = ${Math.ceil(limits.lockTimeoutMs)};
    set local statement_timeout = ${Math.ceil(limits.statementTimeoutMs)};
    set local idle_in_transaction_session_timeout = ${IDLE_LIMIT_MS};
    set local timezone = 'UTC';
    set local datestyle = 'ISO';
    set local intervalstyle = 'postgres';
    set local extra_float_digits = 1;
    set local jit = off;
    ${limits.settings ?? ''}`;
}

async function rolledBack(query: Query): Promise<boolean> {
  try {
    await query('rollback');
    return true;
  } catch {
    return false;
  }
}

async function giveBack(connecting: Promise<CleanupClient>): Promise<void> {
  try {
    (await connecting).release();
  } catch {
    // It never came.
  }
}

/** Takes a connection of the pool, within 30 s. */
export async function acquire({ pool, clock, signal }: Database): Promise<CleanupClient> {
  const connecting = pool.connect();
  try {
    return await withTimeout(() => connecting, CONNECT_LIMIT_MS, { clock, signal });
  } catch (error) {
    // A connection that comes too late goes back unused.
    void giveBack(connecting);
    throw error;
  }
}
