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
  query(text: string): Promise<unknown>;
  end(): Promise<void>;
  on(event: 'error' | 'end', listener: () => void): unknown;
  /** Whether an open connection keeps the process alive. */
  ref?(): void;
  unref?(): void;
  /** Present in the JavaScript client: the only way to end a connection without waiting. */
  readonly connection?: { readonly stream?: { destroy(): unknown } } | undefined;
}

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
      fallback_application_name: '@ops/health',
    });
  };
}
