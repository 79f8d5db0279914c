/** What is needed of a `pg.Pool`. A pool of another library fits if it looks like this. */
export interface SqlPool {
  connect(): Promise<SqlClient>;
}

/** One connection. */
export interface SqlClient {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
  /** With true or an error the connection is closed instead of being used again. */
  release(destroy?: Error | boolean): void;
  // A connection that breaks emits 'error' besides failing its query; unheard, that ends the process.
  on?(event: 'error', listener: (error: Error) => void): unknown;
  removeListener?(event: 'error', listener: (error: Error) => void): unknown;
}

/** A `pg.Pool` again, whose connections also take what `pg-copy-streams` makes. */
export interface CopyPool {
  connect(): Promise<CopyClient>;
}

/** One connection that can COPY. */
export interface CopyClient extends SqlClient {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
  query<T extends { submit(connection: never): void }>(stream: T): T;
}
