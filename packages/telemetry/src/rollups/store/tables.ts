import { quoteIdentifier } from '../../postgres/identifier.ts';
import { bucketOf, type Grain } from '../grain.ts';
import type { Measure } from '../measure.ts';
import { columnsOf, isSketch } from '../merged-rows.ts';
import type { Rollup } from '../rollup.ts';
import { quoteTablePath } from '../table-path.ts';
import { triggerStatements } from './triggers.ts';

/** One migration of a {@link MigrationPack}. */
export interface PackMigration {
  /** Digits; compared as a number. */
  readonly version: string;
  readonly name: string;
  /** `{{schema}}` stands for the quoted schema. */
  readonly sql: string;
}

/** Migrations with a history of their own, in the shape that the `pack` of `@ops/migrations` takes. */
export interface MigrationPack {
  readonly name: string;
  /** Where the tables go unless the host says otherwise. */
  readonly schema: string;
  readonly migrations: readonly PackMigration[];
}

/** Where the tables of rollups are unless `createMetrics` is told otherwise. */
export const DEFAULT_SCHEMA = 'ops_telemetry';

const CREATE_SCHEMA = 'create schema if not exists {{schema}};';

/** What all rollups of a schema share. */
export const SHARED_TABLES = `
create table if not exists {{schema}}.rollup_state (
  rollup text primary key,
  definition text not null,
  -- Rows of transactions below it are in; append only.
  watermark xid8 not null default '0',
  -- Of those between watermark and window_end, rows with a time before built_to are in.
  window_end xid8 not null default '0',
  -- With dirty-buckets: buckets before it have been built once.
  built_to timestamptz not null default '-infinity',
  version bigint not null default 0,
  -- What was written by transactions that began before it is in.
  horizon_at timestamptz,
  last_run_at timestamptz
);
create table if not exists {{schema}}.rollup_marks (
  rollup text not null,
  bucket timestamptz not null,
  marked_at timestamptz not null default clock_timestamp()
);
create index if not exists rollup_marks_bucket_idx on {{schema}}.rollup_marks (rollup, bucket);`;

/**
 * What {@link Metrics.ensureTables} would create, for a migration runner: a pack for each rollup,
 * independent of the others. Every statement says `if not exists` or `or replace`, so that both may
 * have their turn. The rollups' own tables must exist and be found by the `search_path`.
 *
 * Creating the triggers of `dirty-buckets` waits for writers of the table, and blocks them meanwhile.
 */
export function rollupTables(rollups: readonly Rollup[]): readonly MigrationPack[] {
  return rollups.map((rollup) => ({
    name: `ops_telemetry_${rollup.name}`,
    schema: DEFAULT_SCHEMA,
    migrations: [
      { version: '1', name: 'schema', sql: CREATE_SCHEMA },
      { version: '2', name: 'rollup_state', sql: SHARED_TABLES },
      { version: '3', name: rollup.name, sql: rollupStatements(rollup) },
    ],
  }));
}

/** Creates what one rollup needs. The row in `rollup_state` comes last and says that all is there. */
export function rollupStatements(rollup: Rollup): string {
  const tables = rollup.grains.map((grain) => tableStatements(rollup, grain)).join('');
  const triggers = rollup.mode === 'dirty-buckets' ? triggerStatements(rollup) : '';
  return `${tables}${triggers}
insert into {{schema}}.rollup_state (rollup, definition)
values ('${rollup.name}', '${rollup.hash}')
on conflict do nothing;`;
}

/**
 * As a select with no rows, so that columns have the types that the source's columns make. The key
 * includes counts, sums and extremes: without it a scan for counts reads the sketches' pages, too.
 */
function tableStatements(rollup: Rollup, grain: Grain): string {
  const column = (name: string): string => `r.${quoteIdentifier(name)}`;
  const name = `${rollup.name}_${grain}`;
  const table = `{{schema}}.${quoteIdentifier(name)}`;
  const dimensions = rollup.dimensions.map(quoteIdentifier);
  const expressions = [
    '0::smallint as total',
    `${bucketOf(grain, column(rollup.time))} as bucket`,
    ...rollup.dimensions.map(
      (dimension) => `${column(dimension)} as ${quoteIdentifier(dimension)}`,
    ),
    ...Object.entries(rollup.measures).flatMap(([measureName, measure]) =>
      measureExpressions(measureName, measure),
    ),
  ];
  const [first] = dimensions;
  const exact = Object.entries(rollup.measures).flatMap(([measureName, measure]) =>
    isSketch(measure) ? [] : columnsOf(measureName, measure),
  );
  const included = exact.length === 0 ? '' : ` include (${exact.join(', ')})`;
  return `
create table if not exists ${table} as
select
  ${expressions.join(',\n  ')}
from ${quoteTablePath(rollup.from)} r
group by ${['1', '2', ...dimensions.map((_, at) => String(at + 3))].join(', ')}
with no data;
create unique index if not exists ${quoteIdentifier(`${name}_key`)}
  on ${table} (${['total', 'bucket', ...dimensions].join(', ')})${included} nulls not distinct;${
    first === undefined
      ? ''
      : `
create index if not exists ${quoteIdentifier(`${name}_dim`)} on ${table} (${first}, bucket);`
  }`;
}

function measureExpressions(name: string, measure: Measure): string[] {
  const columns = columnsOf(name, measure);
  if (measure.kind === 'quantile') {
    return [`'{}'::int4[] as ${columns[0]}`, `'{}'::int8[] as ${columns[1]}`];
  }
  if (measure.kind === 'distinct') {
    return [`'{}'::int4[] as ${columns[0]}`, `'{}'::bit varying[] as ${columns[1]}`];
  }
  if (measure.kind === 'count') return [`count(*) as ${columns[0]}`];
  return [`${measure.kind}(r.${quoteIdentifier(measure.column)}) as ${columns[0]}`];
}
