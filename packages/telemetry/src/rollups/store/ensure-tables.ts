import type { Duration } from '@ops/timeout';
import { durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { SqlClient, SqlPool } from '../../postgres/database.ts';
import { quoteIdentifier } from '../../postgres/identifier.ts';
import { serverErrorState } from '../../postgres/server-error.ts';
import { RollupChangedError } from '../errors.ts';
import type { Rollup } from '../rollup.ts';
import { inTransaction } from '../session.ts';
import { readLayout, readStoredHash } from './layout.ts';
import { rollupStatements, SHARED_TABLES } from './tables.ts';

/** Options of {@link Metrics.ensureTables}. */
export interface EnsureTablesOptions {
  /**
   * For each rollup, waiting for a connection, other replicas and writers of the table included.
   * @default '30s'
   */
  readonly timeout?: Duration | undefined;
  readonly signal?: AbortSignal | undefined;
}

const optionsSchema = z.strictObject({
  timeout: durationMs({ minMs: 1 }).default(30_000),
  signal: z.instanceof(AbortSignal).optional(),
} satisfies Shape<EnsureTablesOptions>);

/** Two that create the same thing at the same moment: one gets one of these, and finds it there next. */
const RACE = /^(?:23505|42P06|42P07|42710|40P01)$/;
const TRIES = 5;

/**
 * Creates what is missing, and touches nothing that is there. Safe from any number of replicas at
 * every start: with all there, each rollup is three reads of the catalog.
 *
 * @throws InvalidOptionsError, RollupSourceError, RollupChangedError, TimeoutError, `signal.reason`,
 * or what the database says.
 */
export async function ensureTables(
  pool: SqlPool,
  schema: string,
  rollups: readonly Rollup[],
  options: EnsureTablesOptions = {},
): Promise<void> {
  const { timeout, signal } = parseOptions(optionsSchema, options, { of: 'ensureTables' });
  const limits = {
    timeoutMs: timeout,
    // The server gives up a little before, so that the connection stays usable.
    statementTimeoutMs: timeout * 0.9,
    lockTimeoutMs: timeout * 0.9,
    access: 'read write',
    signal,
  } as const;
  for (const rollup of rollups) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await inTransaction(pool, limits, (client) => ensureOne(client, schema, rollup));
        break;
      } catch (error) {
        if (attempt >= TRIES || !RACE.test(serverErrorState(error) ?? '')) throw error;
      }
    }
  }
}

async function ensureOne(client: SqlClient, schema: string, rollup: Rollup): Promise<void> {
  const layout = await readLayout(client, rollup, schema);
  const stored = await readStoredHash(client, rollup, layout.state);
  if (stored === rollup.hash) return;
  if (stored !== undefined) throw new RollupChangedError(rollup.name, stored, rollup.hash);
  await createTables(client, schema, rollup);
}

/** Within a transaction: what fails leaves nothing behind. */
export async function createTables(
  client: SqlClient,
  schema: string,
  rollup: Rollup,
): Promise<void> {
  const quoted = quoteIdentifier(schema);
  const { rows } = await client.query('select to_regnamespace($1) is not null as is_there', [
    quoted,
  ]);
  // Not "if not exists", which asks for the right to create schemas even where there is one.
  const isThere = (rows[0] as { readonly is_there: boolean }).is_there;
  const create = isThere ? '' : `create schema ${quoted};`;
  const sql = `${create}${SHARED_TABLES}${rollupStatements(rollup)}`;
  await client.query(sql.replaceAll('{{schema}}', () => quoted));
}
