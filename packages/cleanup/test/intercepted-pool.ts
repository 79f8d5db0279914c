import type pg from 'pg';
import type { CleanupPool } from '../src/index.ts';

/** What to do instead of a statement, or before it; `run` sends it. */
export type Interceptor = (
  text: string,
  run: () => Promise<pg.QueryResult>,
  client: pg.PoolClient,
) => Promise<pg.QueryResult>;

/** A pool whose every statement goes through `intercept`. */
export function interceptedPool(pool: pg.Pool, intercept: Interceptor): CleanupPool {
  return {
    async connect() {
      const client = await pool.connect();
      return {
        query: (text, values) => intercept(text, () => client.query(text, values), client),
        release: (destroy) => {
          client.release(destroy);
        },
        on: (event, listener) => client.on(event, listener),
        removeListener: (event, listener) => client.removeListener(event, listener),
      };
    },
  };
}
