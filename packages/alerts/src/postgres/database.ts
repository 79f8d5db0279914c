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
