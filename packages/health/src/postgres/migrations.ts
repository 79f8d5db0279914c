import type { Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { ExternalCheckSpec } from '../check.ts';
import { type CheckPolicy, checkPolicy } from '../check-policy.ts';
import type { Finding } from '../finding.ts';
import type { Measurement } from '../measurement.ts';
import {
  type Inspect,
  inspectOn,
  levelOf,
  MOST_FINDINGS,
  parseCatalogOptions,
  worst,
} from './catalog-check.ts';
import type { Read } from './check-connection.ts';
import { needClientFactory, type PostgresPool } from './postgres-pool.ts';
import { partsOf, quoteIdentifier } from './relation-name.ts';
import { shareConnection } from './shared-connection.ts';

/** A migration that the program needs. */
export interface ExpectedMigration {
  readonly version: string;
  /** The library that ships it. @default '' */
  readonly pack?: string | undefined;
}

/** Options of {@link migrations}. */
export interface MigrationsOptions extends CheckPolicy {
  /**
   * Where the history is: `schema.table`, names as they are, quoted where they hold a dot.
   * @default 'ops.migrations'
   */
  readonly table?: string | undefined;
  /**
   * What the program needs: versions, or versions of packs. Without it only migrations that were
   * begun and not finished are found.
   */
  readonly expected?: readonly (string | ExpectedMigration)[] | undefined;
}

const text = z.string('expected a version').min(1, 'expected a version');
type OwnOptions = Pick<MigrationsOptions, 'table' | 'expected'>;

/** The options that are not the policy's. */
export const migrationsOptions: {
  readonly table: z.ZodOptional<z.ZodString>;
  readonly expected: z.ZodOptional<
    z.ZodType<NonNullable<OwnOptions['expected']>, NonNullable<OwnOptions['expected']>>
  >;
} = {
  table: z
    .string()
    .refine((path) => (partsOf(path)?.length ?? 0) === 2, {
      error: "expected a table as 'schema.table'",
    })
    .optional(),
  expected: z
    .array(z.union([text, z.strictObject({ version: text, pack: z.string().optional() })]))
    .optional(),
};

const schema = z.strictObject({
  ...migrationsOptions,
  ...checkPolicy,
} satisfies Shape<MigrationsOptions>);

/**
 * Compares the history table of `@ops/migrations` with what the program needs. Fails with
 * `bad_response` when a migration is missing or was begun and not finished, or when there is no
 * history; warns with `threshold` when the database is ahead of the program, as it is during a
 * rolling deployment; migrations of packs that are not in `expected` are somebody else's. For the
 * history of another tool, pass that tool's own question, as `() => migrator.assertCurrent()`.
 *
 * Unlike the other checks of the database it is critical and runs when asked, since it belongs into
 * `startup`. Reads one table, of a row a migration. @throws InvalidOptionsError naming every fault.
 */
export function migrations(pool: PostgresPool, options: MigrationsOptions = {}): ExternalCheckSpec {
  const of = 'postgres.migrations';
  const { table, expected, ...policy } = parseCatalogOptions(schema, options, of);
  const connection = shareConnection(pool, needClientFactory(pool, of));
  const inspect = inspectMigrations({ table, expected });
  return {
    kind: 'datastore',
    ...policy,
    external: true,
    run: ({ signal, timeoutMs }) => inspectOn(connection, { signal, timeoutMs }, inspect),
    close: () => connection.close(),
  };
}

interface Applied {
  readonly pack: string;
  readonly version: string;
  readonly isDone: boolean;
  readonly stepsDone: number;
  readonly stepCount: number;
  readonly isStepRunning: boolean;
  readonly isReverting: boolean;
}

/** The columns that a table needs to be taken for the history. */
const COLUMNS = [
  'pack',
  'version',
  'applied_at',
  'steps_done',
  'step_count',
  'step_running',
  'is_reverting',
];

export function inspectMigrations({
  table = 'ops.migrations',
  expected,
}: OwnOptions = {}): Inspect {
  const quoted = (partsOf(table) ?? []).map(quoteIdentifier).join('.');
  return async (read) => {
    const missing = await missingColumns(read, quoted);
    if (missing === undefined)
      return wrong(`there is no table ${table}: nothing was applied, or elsewhere`);
    if (missing.length > 0) {
      const fault = `has no ${missing.join(', ')}`;
      return wrong(`${table} is not a history of @ops/migrations: it ${fault}`);
    }
    return compare(await read.rows<Applied>(selectApplied(quoted)), expected?.map(toExpected));
  };
}

function wrong(message: string): Measurement {
  const finding: Finding = { name: 'migration_history', level: 'error', detail: message };
  return { status: 'fail', code: 'bad_response', message, findings: [finding] };
}

async function missingColumns(read: Read, table: string): Promise<readonly string[] | undefined> {
  const [found] = await read.rows<{ columns: readonly string[] | null }>(
    `select case
        when to_regclass($1) is not null then array(
          select attname::text
          from pg_attribute
          where attrelid = to_regclass($1) and attnum > 0 and not attisdropped
        )
      end as columns`,
    [table],
  );
  const columns = found?.columns ?? undefined;
  return columns && COLUMNS.filter((name) => !columns.includes(name));
}

const selectApplied = (table: string): string => `
  select pack, version, applied_at is not null as "isDone", steps_done as "stepsDone",
    step_count as "stepCount", step_running as "isStepRunning", is_reverting as "isReverting"
  from ${table}
  order by version, pack`;

type Needed = Required<ExpectedMigration> & { readonly pack: string };

function toExpected(given: string | ExpectedMigration): Needed {
  return typeof given === 'string'
    ? { version: given, pack: '' }
    : { version: given.version, pack: given.pack ?? '' };
}

function compare(rows: readonly Applied[], expected: readonly Needed[] | undefined): Measurement {
  const known = new Set(rows.map(keyOf));
  const needed = new Set(expected?.map(keyOf));
  const packs = new Set(expected?.map(({ pack }) => pack));
  const isKnown = (row: Applied) => expected === undefined || needed.has(keyOf(row));
  // What is being applied for a newer program is no fault of this one's database.
  const unfinished = rows.filter((row) => isKnown(row) && !row.isDone);
  const pending = (expected ?? []).filter((one) => !known.has(keyOf(one)));
  const ahead = rows.filter((row) => !isKnown(row) && packs.has(row.pack));
  const status = worst([
    unfinished.length + pending.length > 0 ? 'fail' : 'pass',
    ahead.length > 0 ? 'warn' : 'pass',
  ]);
  return {
    status,
    code: ({ pass: 'ok', warn: 'threshold', fail: 'bad_response' } as const)[status],
    value: pending.length + unfinished.length,
    unit: 'migrations',
    message: `${pending.length} migrations are missing, ${unfinished.length} are not finished, ${ahead.length} are unknown to this program`,
    findings: [
      ...unfinished.map(unfinishedFinding),
      ...pending.map((one) =>
        findingOf('migration_pending', one, 'fail', 'It was not applied', 'Apply the migrations'),
      ),
      ...ahead.map((one) => {
        const detail = 'The database has it and the program does not know it';
        return findingOf('migration_ahead', one, 'warn', detail, 'Deploy the program that has it');
      }),
    ].slice(0, MOST_FINDINGS),
  };
}

function keyOf({ pack, version }: { readonly pack: string; readonly version: string }): string {
  return JSON.stringify([pack, version]);
}

function unfinishedFinding(row: Applied): Finding {
  const what = row.isReverting ? 'reverting it' : 'applying it';
  const running = row.isStepRunning
    ? '; a step outside of a transaction was begun, and nobody saw it end'
    : '';
  const detail = `${row.stepsDone} of ${row.stepCount} steps of ${what} are done${running}`;
  return findingOf('migration_unfinished', row, 'fail', detail, 'Run the migrations again');
}

function findingOf(
  name: string,
  { pack, version }: { readonly pack: string; readonly version: string },
  status: 'warn' | 'fail',
  detail: string,
  remediation: string,
): Finding {
  const object = pack === '' ? version : `${pack}/${version}`;
  return { name, level: levelOf(status), object, detail, remediation };
}
