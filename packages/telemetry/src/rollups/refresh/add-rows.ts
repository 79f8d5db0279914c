import type { SqlClient } from '../../postgres/database.ts';
import { quoteIdentifier } from '../../postgres/identifier.ts';
import { bucketOf } from '../grain.ts';
import type { Measure } from '../measure.ts';
import { columnsOf, mergedRowsSelect } from '../merged-rows.ts';
import type { Parameters } from '../parameters.ts';
import { rawRowsSelect, SMALL_SKETCH, totalGroupings } from '../raw-rows.ts';
import { type StoredSketch, unitedPair } from '../sketch/bit-planes.ts';
import type { Layout } from '../store/layout.ts';

/** What was written. */
export interface Added {
  readonly rows: number;
  readonly buckets: number;
}

/**
 * Adds raw rows to all grains in one statement that reads them once: aggregated to the finest grain,
 * and from there to the coarser ones. Rows that are there already are merged with.
 */
export async function addRows(
  client: SqlClient,
  layout: Layout,
  conditions: readonly string[],
  parameters: Parameters,
): Promise<Added> {
  const { rollup } = layout;
  const [finest = 'hour', ...coarser] = rollup.grains;
  const delta = rawRowsSelect(layout, {
    from: `${layout.source} r`,
    conditions,
    bucket: { grain: finest },
    dimensions: rollup.dimensions,
    groupings: totalGroupings(layout),
    measures: rollup.measures,
    distinctAs: 'stored',
  });
  const steps = coarser.flatMap((grain, at) => {
    const finer = at === 0 ? 'delta' : `delta_${coarser[at - 1]}`;
    return [
      `delta_${grain} as materialized (${coarserRows(layout, grain, `select * from ${finer}`)})`,
      `add_${grain} as (${upsert(layout, layout.table(grain), `delta_${grain}`)})`,
    ];
  });
  const { rows } = await client.query(
    `with delta as materialized (${delta}),
add_${finest} as (${upsert(layout, layout.table(finest), 'delta')})${steps.map((step) => `,\n${step}`).join('')}
select
  coalesce(sum(raw_rows) filter (where total = 0), 0)::int8::text as rows,
  count(distinct bucket)::int as buckets
from delta`,
    parameters.values,
  );
  const added = rows[0] as { readonly rows: string; readonly buckets: number };
  return { rows: Number(added.rows), buckets: added.buckets };
}

/** Columns of a rollup's tables, quoted, in the order of {@link coarserRows}. */
export function tableColumns({ rollup }: Layout): readonly string[] {
  return [
    ...keyColumns(rollup),
    ...Object.entries(rollup.measures).flatMap(([name, measure]) => columnsOf(name, measure)),
  ];
}

/** A select of rows of `grain`, from a select of rows of a finer one. */
export function coarserRows(
  { rollup }: Layout,
  grain: 'hour' | 'day' | 'month',
  finer: string,
): string {
  const keys = keyColumns(rollup);
  const rest = Object.entries(rollup.measures).flatMap(([name, one]) => columnsOf(name, one));
  const columns = keys.map((key) =>
    key === 'bucket' ? `${bucketOf(grain, 'bucket')} as bucket` : key,
  );
  return mergedRowsSelect({
    rows: `select ${[...columns, ...rest].join(', ')} from (${finer}) f`,
    keys,
    measures: rollup.measures,
    distinctAs: 'stored',
  });
}

function keyColumns(rollup: Layout['rollup']): readonly string[] {
  return ['total', 'bucket', ...rollup.dimensions.map(quoteIdentifier)];
}

function upsert(layout: Layout, table: string, delta: string): string {
  const columns = tableColumns(layout).join(', ');
  const { rollup } = layout;
  const changes = Object.entries(rollup.measures).map(([name, measure]) => change(name, measure));
  return `
  insert into ${table} as t (${columns})
  select ${columns} from ${delta}
  on conflict (${keyColumns(rollup).join(', ')}) do update
  set ${changes.join(',\n    ')}`;
}

function change(name: string, measure: Measure): string {
  const [column = '', second = ''] = columnsOf(name, measure);
  if (measure.kind === 'quantile') return quantileChange(column, second);
  if (measure.kind === 'distinct') return distinctChange(column, second, measure.precision);
  const old = `t.${column}`;
  const added = `excluded.${column}`;
  const merged = {
    count: `${old} + ${added}`,
    sum: `coalesce(${old} + ${added}, ${old}, ${added})`,
    min: `least(${old}, ${added})`,
    max: `greatest(${old}, ${added})`,
  };
  return `${column} = ${merged[measure.kind]}`;
}

function distinctChange(entries: string, planes: string, precision: number): string {
  const of = (row: string): StoredSketch => ({
    entries: `${row}.${entries}`,
    planes: `${row}.${planes}`,
  });
  return `(${entries}, ${planes}) = (${unitedPair(of('t'), of('excluded'), precision)}
    )`;
}

function quantileChange(bins: string, counts: string): string {
  const merged = (aggregate: string): string => `(
      select ${aggregate}
      from (
        select b, sum(c)::int8 as c
        from (
          select * from unnest(t.${bins}, t.${counts})
          union all
          select * from unnest(excluded.${bins}, excluded.${counts})
        ) u (b, c)
        group by b
      ) m
    )`;
  const one = (column: string, aggregate: string): string =>
    `${column} = case when ${isSmall(bins)} then t.${column} || excluded.${column} else ${merged(aggregate)} end`;
  return `${one(bins, 'array_agg(b order by b)')},
    ${one(counts, 'array_agg(c order by b)')}`;
}

/** Small sketches are joined as they are. */
function isSmall(column: string): string {
  return `cardinality(t.${column}) + cardinality(excluded.${column}) <= ${SMALL_SKETCH}`;
}
