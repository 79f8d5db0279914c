/** What a query gives; a `pg` result fits. */
export interface SqlResult {
  // A row's shape is known only where the query is written.
  readonly rows: readonly Record<string, unknown>[];
  readonly rowCount: number | null;
}

/** As much of a connected `pg.Client` as is used. */
export interface SqlClient {
  query(text: string, values?: unknown[]): Promise<SqlResult>;
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

/** As much of a client borrowed from a `pg.Pool` as is used. */
export interface SqlPoolClient extends Omit<SqlClient, 'end'> {
  /** With `true` the pool closes the connection instead of keeping it. */
  release(destroy?: boolean): void;
}

/** As much of a `pg.Pool` as is used. */
export interface SqlPool {
  connect(): Promise<SqlPoolClient>;
  /** With `max: 1` no second connection is asked for. */
  readonly options?: { readonly max?: number | undefined } | undefined;
}

/** How to get to the database. */
export type ConnectionSource = string | SqlPool | (() => Promise<SqlClient>);

/** A PostgreSQL error, by the fields that `pg` puts on it. */
export interface ServerError extends Error {
  /** SQLSTATE. */
  readonly code: string;
  readonly severity: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** Character (not byte) in the text that was sent, from 1. */
  readonly position?: string | undefined;
  readonly where?: string | undefined;
}

/**
 * Whether the server itself raised it. A lost connection has no SQLSTATE, or one of an operator's; the
 * `EPIPE` of a socket looks like one and has no severity.
 */
export function isServerError(error: unknown): error is ServerError {
  if (!(error instanceof Error)) return false;
  const { code, severity } = error as Partial<ServerError>;
  return typeof severity === 'string' && typeof code === 'string' && !endsConnection(code);
}

/**
 * 57P01 to 57P05 (shutdown, terminated, idle timeout) except 57P04; 25P03 and 25P04, the timeouts of a
 * transaction that end the session; and class 08.
 */
function endsConnection(code: string): boolean {
  return /^(?:57P0[1235]|25P0[34])$/.test(code) || code.startsWith('08');
}

/** `lock_not_available` and `deadlock_detected`: the only errors that waiting can cure. */
export function isLockTrouble({ code }: ServerError): boolean {
  return code === '55P03' || code === '40P01';
}

/** `query_canceled`: it ran into `statement_timeout`, or somebody wants it to stop. */
export function isCancelled({ code }: ServerError): boolean {
  return code === '57014';
}
