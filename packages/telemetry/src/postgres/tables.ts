import type { Duration } from '@ops/timeout';
import { InvalidOptionsError, withTimeout } from '@ops/timeout';
import { durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { SqlPool } from './database.ts';
import { quoteIdentifier } from './identifier.ts';
import { identifier } from './options.ts';
import { withClient } from './with-client.ts';

/** One migration of a {@link MigrationPack}. */
export interface PackMigration {
  /** Digits; compared as a number. */
  readonly version: string;
  readonly name: string;
  /** `{{schema}}` stands for the quoted schema, which has to be there. */
  readonly sql: string;
}

/** Migrations with a history of their own, in the shape that the `pack` of `@ops/migrations` takes. */
export interface MigrationPack {
  readonly name: string;
  /** Where the tables go unless the host says otherwise. */
  readonly schema: string;
  readonly migrations: readonly PackMigration[];
}

/**
 * The table that {@link postgresSink} writes by default, for applications that have none:
 * `app_events(id, user_id, event_type, path, meta, created_at)`, with an index on `created_at` for
 * retention. `user_id` is text, so that any application's ids fit.
 *
 * Every statement says `if not exists`, so that `ensureTables` and a migration runner may both have
 * their turn.
 */
export const telemetryTables: MigrationPack = {
  name: 'ops_telemetry',
  schema: 'public',
  migrations: [
    {
      version: '1',
      name: 'app_events',
      sql: `
create table if not exists {{schema}}.app_events (
  id uuid primary key,
  user_id text,
  event_type text not null,
  path text,
  meta jsonb,
  created_at timestamptz not null
);
create index if not exists app_events_created_at_idx on {{schema}}.app_events (created_at);`,
    },
  ],
};

/** Options of {@link ensureTables}. */
export interface EnsureTablesOptions {
  /** Created when missing. @default 'public' */
  readonly schema?: string | undefined;
  /** For all of it, waiting for a connection and for other replicas included. @default '30s' */
  readonly timeout?: Duration | undefined;
  readonly signal?: AbortSignal | undefined;
}

const optionsSchema = z.strictObject({
  schema: identifier.default(telemetryTables.schema),
  timeout: durationMs({ minMs: 1 }).default(30_000),
  signal: z.instanceof(AbortSignal).optional(),
} satisfies Shape<EnsureTablesOptions>);

/** Two that create the same thing at the same moment: one gets one of these, and finds it there next. */
const RACE = /^(?:23505|42P06|42P07|42710)$/;
const TRIES = 5;

/**
 * Creates what {@link telemetryTables} says where it is missing, and touches nothing that is there.
 * Safe to call from any number of replicas at once, at every start: with the table there it is one
 * read of the catalog and takes no lock.
 *
 * @throws InvalidOptionsError, TimeoutError, `signal.reason`, or what the database says.
 */
export async function ensureTables(
  pool: SqlPool,
  options: EnsureTablesOptions = {},
): Promise<void> {
  if (typeof (pool as SqlPool | undefined)?.connect !== 'function') {
    throw new InvalidOptionsError('ensureTables: pool: expected a pg.Pool, or what looks like one');
  }
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
        `select to_regclass($1) is not null and to_regclass($2) is not null as is_there,
           to_regnamespace($3) is not null as has_schema`,
        [`${quoted}.app_events`, `${quoted}.app_events_created_at_idx`, quoted],
      );
      const found = rows[0] as { is_there?: boolean; has_schema?: boolean } | undefined;
      if (found?.is_there === true) return;
      try {
        // Several statements in one message are one transaction: the settings end with it.
        await client.query(statements(quoted, found?.has_schema === true, timeoutMs));
      } catch (error) {
        await client.query('rollback');
        const code: unknown = Reflect.get(Object(error), 'code');
        if (attempt >= TRIES || typeof code !== 'string' || !RACE.test(code)) throw error;
      }
    }
  });
}

/** The server gives up a little before the caller does, so that the connection stays usable. */
function statements(quotedSchema: string, hasSchema: boolean, timeoutMs: number): string {
  const limitMs = Math.max(1, Math.floor(timeoutMs * 0.9));
  // Not "if not exists", which asks for the right to create schemas even where there is one.
  const createSchema = hasSchema ? '' : `create schema ${quotedSchema};`;
  const sql = telemetryTables.migrations.map((migration) => migration.sql).join('\n');
  return `begin;
set local statement_timeout = ${limitMs};
set local lock_timeout = ${limitMs};
${createSchema}
${sql.replaceAll('{{schema}}', () => quotedSchema)}
commit;`;
}
