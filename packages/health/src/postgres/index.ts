import { type PingOptions, ping } from './ping.ts';
import type { PostgresClient, PostgresPool } from './postgres-pool.ts';

/** Checks on a PostgreSQL server. */
export const postgres: {
  readonly ping: typeof ping;
} = { ping };

export type { PingOptions, PostgresClient, PostgresPool };
