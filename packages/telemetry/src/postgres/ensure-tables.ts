import { type Duration, InvalidOptionsError, withTimeout } from '@ops/timeout';
import { durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { SqlClient, SqlPool } from './database.ts';
import { fillPartitions } from './fill-partitions.ts';
import { qualified, quoteIdentifier } from './identifier.ts';
import { identifier, monthCount, wallClock } from './options.ts';
import { serverErrorState } from './server-error.ts';
import { PARTITIONED_TABLE, telemetryTables } from './tables.ts';
import { inTransaction, serverLimitMs } from './transaction.ts';
import { withClient } from './with-client.ts';

/** Options of {@link ensureTables}. */
export interface EnsureTablesOptions {
  /** Created when missing. @default 'public' */
  readonly schema?: string | undefined;
  /** Months after the current one that get a partition. 0 to 120. @default 2 */
  readonly ahead?: number | undefined;
  /** For all of it, waiting for a connection and for other replicas included. @default '30s' */
  readonly timeout?: Duration | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Says what month it is. @default the real time */
  readonly clock?: { now(): number } | undefined;
}

const optionsSchema = z.strictObject({
  schema: identifier.default(telemetryTables.schema),
  ahead: monthCount.default(2),
  timeout: durationMs({ minMs: 1 }).default(30_000),
  signal: z.instanceof(AbortSignal).optional(),
  clock: wallClock,
} satisfies Shape<EnsureTablesOptions>);

type ParsedOptions = z.output<typeof optionsSchema>;

/** Two that create the same thing at the same moment: one gets one of these, and finds it there next. */
const RACE = /^(?:23505|42P06|42P07|42710)$/;
const TRIES = 5;

/**
 * Makes the partitioned `app_events` of {@link telemetryTables} where there is no table of that name,
 * and the partitions that are missing: this month, those `ahead`, and in a new table the month
 * before, since events may come late. A plain `app_events` is left as it is.
 *
 * Safe to call from any number of replicas at once, at every start: with everything there it is four
 * reads of the catalog and takes no lock. For the locks taken otherwise see
 * {@link ensurePartitions}.
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
  const parsed = parseOptions(optionsSchema, options, { of: 'ensureTables' });
  const { timeout, signal } = parsed;
  const deadlineAt = performance.now() + timeout;
  const remainingMs = (): number => deadlineAt - performance.now();
  await withTimeout(
    ({ signal: inner }) =>
      withClient(pool, inner, (client) => createMissing(client, parsed, remainingMs)),
    timeout,
    { signal },
  );
}

async function createMissing(
  client: SqlClient,
  { schema, ahead, clock }: ParsedOptions,
  remainingMs: () => number,
): Promise<void> {
  const { isNew, kind } = await findOrCreate(client, schema, remainingMs);
  if (kind !== 'p') return;
  await fillPartitions(client, {
    schema,
    table: 'app_events',
    idColumn: 'id',
    ahead,
    behind: isNew ? 1 : 0,
    now: clock.now(),
    remainingMs,
  });
}

interface Found {
  readonly kind: string | null;
  readonly has_schema: boolean;
}

/** `kind` as in `pg_class.relkind`: `p` is partitioned. */
async function findOrCreate(
  client: SqlClient,
  schema: string,
  remainingMs: () => number,
): Promise<{ readonly isNew: boolean; readonly kind: string }> {
  for (let attempt = 1; ; attempt += 1) {
    const { rows } = await client.query(
      `select
         (select relkind::text from pg_class where oid = to_regclass($1)) as kind,
         to_regnamespace($2) is not null as has_schema`,
      [qualified(schema, 'app_events'), quoteIdentifier(schema)],
    );
    const found = rows[0] as Found | undefined;
    if (typeof found?.kind === 'string') return { isNew: attempt > 1, kind: found.kind };
    try {
      await create(client, schema, found?.has_schema === true, serverLimitMs(remainingMs()));
    } catch (error) {
      const state = serverErrorState(error);
      if (attempt >= TRIES || state === undefined || !RACE.test(state)) throw error;
    }
  }
}

async function create(
  client: SqlClient,
  schema: string,
  hasSchema: boolean,
  limitMs: number,
): Promise<void> {
  const quoted = quoteIdentifier(schema);
  await inTransaction(client, { statementMs: limitMs, lockMs: limitMs }, async () => {
    // Not "if not exists", which asks for the right to create schemas even where there is one.
    if (!hasSchema) await client.query(`create schema ${quoted}`);
    await client.query(PARTITIONED_TABLE.replaceAll('{{schema}}', () => quoted));
  });
}
