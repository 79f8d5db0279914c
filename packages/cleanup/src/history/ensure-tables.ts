import { type Clock, type Duration, InvalidOptionsError, systemClock } from '@ops/timeout';
import { durationMs, parseOptions, type Shape, withMethods } from '@ops/timeout/options';
import * as z from 'zod';
import { type CleanupPool, inTransaction, isServerError, type Query } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';
import { named } from '../policy/parse-policy.ts';
import { cleanupTables, TABLE_NAMES } from './tables.ts';

/** Options of {@link ensureTables}. */
export interface EnsureTablesOptions {
  /** Created when missing; the same as `history.schema`. @default 'ops_cleanup' */
  readonly schema?: string | undefined;
  /** For each statement, waiting for other replicas included. @default '30s' */
  readonly timeout?: Duration | undefined;
  /** Rejects with its reason while a connection is waited for. */
  readonly signal?: AbortSignal | undefined;
  /** Default: the real time. */
  readonly clock?: Clock | undefined;
}

const SCHEMA = 'expected the name of a schema, at most 63 bytes';
const optionsSchema = z.strictObject({
  schema: named(SCHEMA, quoteIdentifier).default(cleanupTables.schema),
  timeout: durationMs({ minMs: 1, maxMs: 600_000 }).default(30_000),
  signal: z.instanceof(AbortSignal).optional(),
  clock: withMethods<Clock>('now', 'monotonic', 'setTimeout', 'clearTimeout').optional(),
} satisfies Shape<EnsureTablesOptions>);

/** Two that create the same thing at the same moment: one gets one of these, and finds it there next. */
const RACE = /^(?:23505|42P06|42P07|42710)$/;
const TRIES = 5;

/**
 * Creates what {@link cleanupTables} says where it is missing, and touches nothing that is there. Safe
 * to call from any number of replicas at once, at every start: with the tables there it is one read
 * of the catalog and takes no lock.
 *
 * @throws InvalidOptionsError, or what the database says.
 */
export async function ensureTables(
  pool: CleanupPool,
  options: EnsureTablesOptions = {},
): Promise<void> {
  if (typeof (pool as CleanupPool | undefined)?.connect !== 'function') {
    throw new InvalidOptionsError('ensureTables: pool: expected a pg.Pool, or what looks like one');
  }
  const parsed = parseOptions(optionsSchema, options, { of: 'ensureTables' });
  const { schema, timeout, signal, clock = systemClock } = parsed;
  const limits = { lockTimeoutMs: timeout, statementTimeoutMs: timeout };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const database = { pool, clock, signal };
      const found = await inTransaction(database, { ...limits, access: 'read only' }, (query) =>
        look(query, schema),
      );
      if (found.missing.length === 0) return;
      await inTransaction(database, { ...limits, access: 'read write' }, (query) =>
        create(query, schema, found.hasSchema),
      );
      return;
    } catch (error) {
      const isRace = isServerError(error) && RACE.test(error.code);
      if (attempt >= TRIES || !isRace) throw error;
    }
  }
}

/** Which of the tables are missing. */
export async function look(
  query: Query,
  schema: string,
): Promise<{ readonly missing: readonly string[]; readonly hasSchema: boolean }> {
  const quoted = quoteIdentifier(schema);
  const rows = await query(
    `select
       name,
       (to_regclass($1 || '.' || name) is not null)::text as is_there,
       (to_regnamespace($1) is not null)::text as has_schema
     from unnest($2::text[]) name`,
    [quoted, TABLE_NAMES],
  );
  return {
    missing: rows.filter((row) => row['is_there'] !== 'true').map((row) => row['name'] ?? ''),
    hasSchema: rows[0]?.['has_schema'] === 'true',
  };
}

async function create(query: Query, schema: string, hasSchema: boolean): Promise<void> {
  const quoted = quoteIdentifier(schema);
  // "create schema if not exists" asks for the right to create schemas even where there is one.
  const needed = cleanupTables.migrations.filter(({ name }) => name !== 'schema' || !hasSchema);
  for (const { sql } of needed) {
    await query(sql.replaceAll('{{schema}}', () => quoted));
  }
}
