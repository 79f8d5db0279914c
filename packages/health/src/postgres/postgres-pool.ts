import { InvalidOptionsError } from '@ops/timeout';

/**
 * What is used of `pg`, stated here so that the package does not depend on it.
 *
 * @see https://node-postgres.com/apis/pool
 */
export interface PostgresPool {
  /** Used only when there is no `Client`. */
  query(text: string): Promise<{ readonly rows: readonly unknown[] }>;
  /** How the pool connects; given to `Client`. */
  readonly options?: object | undefined;
  /** The class of its clients. A `pg.Pool` has it, though its type declarations do not say so. */
  readonly Client?: (new (config: object) => PostgresClient) | undefined;
}

/** What is used of a `pg.Client`. */
export interface PostgresClient {
  connect(): Promise<unknown>;
  query(text: string, values?: readonly unknown[]): Promise<unknown>;
  end(): Promise<void>;
  on(event: 'error' | 'end', listener: () => void): unknown;
  /** Whether an open connection keeps the process alive. */
  ref?(): void;
  unref?(): void;
  /** Present in the JavaScript client: the only way to end a connection without waiting. */
  readonly connection?: { readonly stream?: { destroy(): unknown } } | undefined;
}

/** The name under which the package's own connections show in `pg_stat_activity`. */
export const APPLICATION_NAME = '@ops/health';

/**
 * Makes clients that connect as the pool's do; `undefined` when the pool does not say how.
 * A password is an own but not enumerable property of the options, so that it does not get into
 * logs, and a spread would lose it.
 */
export function clientFactory(pool: PostgresPool): (() => PostgresClient) | undefined {
  const { Client } = pool;
  if (typeof Client !== 'function') return undefined;
  return () => {
    const options: { readonly password?: unknown } = pool.options ?? {};
    return new Client({
      ...options,
      password: options.password,
      // To notice a peer that went without a word while the connection was idle.
      keepAlive: true,
      fallback_application_name: APPLICATION_NAME,
    });
  };
}

/**
 * As {@link clientFactory}, for what cannot do without a connection of its own.
 *
 * @throws InvalidOptionsError when the pool does not say how it connects.
 */
export function needClientFactory(pool: PostgresPool, of: string): () => PostgresClient {
  const makeClient = (pool as PostgresPool | null | undefined) && clientFactory(pool);
  if (makeClient) return makeClient;
  throw new InvalidOptionsError(`${of}: pool: expected a pg.Pool, or an object with its Client`);
}

/** Ends a connection at once, whatever it is doing; what waits for an answer on it rejects. */
export function destroyClient(client: PostgresClient): void {
  const stream = client.connection?.stream;
  if (stream === undefined) client.end().catch(() => {});
  else stream.destroy();
}
