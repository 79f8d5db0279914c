import type { Duration } from '@ops/timeout';
import { withTimeout } from '@ops/timeout';
import { durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { SqlPool } from './database.ts';
import { quoteIdentifier } from './identifier.ts';
import { checkPool, identifier } from './options.ts';
import { serverErrorState } from './server-error.ts';
import { alertsTables, RELATIONS } from './tables.ts';
import { withClient } from './with-client.ts';

/** Options of {@link ensureTables}. */
export interface EnsureTablesOptions {
  /** Created when missing. @default 'public' */
  readonly schema?: string | undefined;
  /** For all of it, waiting for a connection and for other replicas included. @default '30s' */
  readonly timeout?: Duration | undefined;
  readonly signal?: AbortSignal | undefined;
}

const optionsSchema = z.strictObject({
  schema: identifier.default(alertsTables.schema),
  timeout: durationMs({ minMs: 1 }).default(30_000),
  signal: z.instanceof(AbortSignal).optional(),
} satisfies Shape<EnsureTablesOptions>);

/** Two that create the same thing at the same moment: one gets one of these, and finds it there next. */
const RACE = /^(?:23505|42P06|42P07|42710|XX000|40P01)$/;
const TRIES = 10;

/**
 * Creates what {@link alertsTables} says where it is missing, and touches nothing that is there.
 * Safe to call from any number of replicas at once, at every start: with the tables there it is one
 * read of the catalog and takes no lock. Works through a pool in front that lends a connection for a
 * transaction at a time.
 *
 * @throws InvalidOptionsError, TimeoutError, `signal.reason`, or what the database says.
 */
export async function ensureTables(
  pool: SqlPool,
  options: EnsureTablesOptions = {},
): Promise<void> {
  checkPool(pool, 'ensureTables');
  const { schema, timeout, signal } = parseOptions(optionsSchema, options, { of: 'ensureTables' });
  const work = (inner: AbortSignal): Promise<void> => createMissing(pool, schema, timeout, inner);
  await withTimeout(({ signal: inner }) => work(inner), timeout, { signal });
}

async function createMissing(
  pool: SqlPool,
  schema: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const quoted = quoteIdentifier(schema);
  await withClient(pool, signal, async (client) => {
    for (let attempt = 1; ; attempt += 1) {
      const { rows } = await client.query(
        `select bool_and(to_regclass(name) is not null) as is_there,
           to_regnamespace($2) is not null as has_schema
         from json_array_elements_text($1::json) as name`,
        [JSON.stringify(RELATIONS.map((name) => `${quoted}.${name}`)), quoted],
      );
      const found = rows[0] as { is_there?: boolean; has_schema?: boolean } | undefined;
      if (found?.is_there === true) return;
      try {
        // Several statements in one message are one transaction: the settings end with it.
        await client.query(statements(quoted, found?.has_schema === true, timeoutMs));
        return;
      } catch (error) {
        const code = serverErrorState(error);
        if (code === undefined) throw error;
        await client.query('rollback');
        if (attempt >= TRIES || !RACE.test(code)) throw error;
      }
    }
  });
}

/** The server gives up a little before the caller does, so that the connection stays usable. */
function statements(quotedSchema: string, hasSchema: boolean, timeoutMs: number): string {
  const limitMs = Math.max(1, Math.floor(timeoutMs * 0.9));
  // Not "if not exists", which asks for the right to create schemas even where there is one.
  const createSchema = hasSchema ? '' : `create schema ${quotedSchema};`;
  const sql = alertsTables.migrations.map((migration) => migration.sql).join('\n');
  return `begin;
set local statement_timeout = ${limitMs};
set local lock_timeout = ${limitMs};
${createSchema}
${sql.replaceAll('{{schema}}', () => quotedSchema)}
commit;`;
}
