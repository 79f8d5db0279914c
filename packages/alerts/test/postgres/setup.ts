import { type Clock, systemClock } from '@ops/timeout';
import { beforeEach } from 'vitest';
import { type TestDatabase, useDatabase } from '../../../../test/postgres.ts';
import {
  ensureTables,
  type PostgresStoreOptions,
  postgresStore,
  type SqlPool,
} from '../../src/postgres/index.ts';
import type { StoreSession } from '../../src/store.ts';

/** A database with the tables in each test's own schema. */
export interface AlertsDatabase {
  readonly db: TestDatabase;
  /** With a pool of its own unless one is given. */
  open(options?: OpenOptions): StoreSession;
  /** One value, from the test's schema. */
  value(sql: string, values?: unknown[]): Promise<unknown>;
}

interface OpenOptions extends PostgresStoreOptions {
  readonly pool?: SqlPool | undefined;
  readonly clock?: Clock | undefined;
  readonly scope?: string | undefined;
}

export function useAlertsDatabase(): AlertsDatabase {
  const db = useDatabase();
  beforeEach(() => ensureTables(db.pool(), { schema: db.schema }));
  return {
    db,
    open({ pool = db.pool({ max: 2 }), clock = systemClock, scope = 'a/test', ...options } = {}) {
      return postgresStore(pool, { schema: db.schema, ...options }).open({ scope, clock });
    },
    async value(sql, values) {
      const { rows } = await db.pool().query({ text: sql, values: values ?? [], rowMode: 'array' });
      return (rows[0] as unknown[] | undefined)?.[0];
    },
  };
}

/** The pool, and the SQLSTATEs with which its statements failed. */
export function watched(pool: SqlPool): { readonly pool: SqlPool; readonly states: unknown[] } {
  const states: unknown[] = [];
  return {
    states,
    pool: {
      async connect() {
        const client = await pool.connect();
        return {
          async query(text, values) {
            try {
              return await client.query(text, values);
            } catch (error) {
              states.push(Reflect.get(Object(error), 'code'));
              throw error;
            }
          },
          release: (destroy) => client.release(destroy),
          on: (event, listener) => client.on?.(event, listener),
          removeListener: (event, listener) => client.removeListener?.(event, listener),
        };
      },
    },
  };
}
