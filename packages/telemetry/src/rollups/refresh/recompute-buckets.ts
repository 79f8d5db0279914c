import type { SqlClient } from '../../postgres/database.ts';
import { quoteIdentifier } from '../../postgres/identifier.ts';
import { conditionsOf } from '../condition.ts';
import { bucketOf, endOf, type Grain } from '../grain.ts';
import { createParameters, type Parameters } from '../parameters.ts';
import { rawRowsSelect, totalGroupings } from '../raw-rows.ts';
import type { Layout } from '../store/layout.ts';
import { type Added, coarserRows, tableColumns } from './add-rows.ts';

/** Whole buckets of the finest grain, as text of their times. */
export interface BucketRange {
  readonly start: string;
  /** Exclusive. */
  readonly end: string;
}

/**
 * Computes buckets of the finest grain from raw rows, and those of the coarser grains that hold them
 * from the finer ones: a day of which some hours are frozen keeps these.
 *
 * @param further conditions on the raw rows, besides the definition's own.
 */
export async function recomputeBuckets(
  client: SqlClient,
  layout: Layout,
  ranges: readonly BucketRange[],
  further: readonly ((parameters: Parameters) => string)[],
): Promise<Added> {
  const { grains } = layout.rollup;
  const [finest = 'hour', ...coarser] = grains;
  const added = await replaceFinest(client, layout, finest, ranges, further);
  for (const [at, grain] of coarser.entries()) {
    await replaceCoarser(client, layout, grain, grains[at] ?? finest, ranges);
  }
  return added;
}

function rangesFrom(ranges: readonly BucketRange[], parameters: Parameters): string {
  const starts = parameters.add(
    ranges.map(({ start }) => start),
    'timestamptz[]',
  );
  const ends = parameters.add(
    ranges.map(({ end }) => end),
    'timestamptz[]',
  );
  return `unnest(${starts}, ${ends}) d (start_at, end_at)`;
}

async function deleteRanges(
  client: SqlClient,
  table: string,
  ranges: readonly BucketRange[],
): Promise<void> {
  const parameters = createParameters();
  await client.query(
    `delete from ${table} t
using ${rangesFrom(ranges, parameters)}
where t.bucket >= d.start_at
  and t.bucket < d.end_at`,
    parameters.values,
  );
}

async function replaceFinest(
  client: SqlClient,
  layout: Layout,
  grain: Grain,
  ranges: readonly BucketRange[],
  further: readonly ((parameters: Parameters) => string)[],
): Promise<Added> {
  const { rollup, source } = layout;
  await deleteRanges(client, layout.table(grain), ranges);
  const parameters = createParameters();
  const time = `r.${quoteIdentifier(rollup.time)}`;
  const rows = rawRowsSelect(layout, {
    from: `${rangesFrom(ranges, parameters)}
    join ${source} r on ${time} >= d.start_at and ${time} < d.end_at`,
    conditions: [
      ...conditionsOf(rollup.where, 'r', layout.typeOf, parameters),
      ...further.map((one) => one(parameters)),
    ],
    bucket: { grain },
    dimensions: rollup.dimensions,
    groupings: totalGroupings(layout),
    measures: rollup.measures,
    distinctAs: 'stored',
  });
  const columns = tableColumns(layout).join(', ');
  const { rows: result } = await client.query(
    `with fresh as materialized (${rows}),
written as (
  insert into ${layout.table(grain)} (${columns})
  select ${columns} from fresh
)
select
  coalesce(sum(raw_rows) filter (where total = 0), 0)::int8::text as rows,
  count(distinct bucket)::int as buckets
from fresh`,
    parameters.values,
  );
  const written = result[0] as { readonly rows: string; readonly buckets: number };
  // A bucket that became empty was written as well.
  const buckets = Math.max(written.buckets, ranges.length);
  return { rows: Number(written.rows), buckets };
}

async function replaceCoarser(
  client: SqlClient,
  layout: Layout,
  grain: Grain,
  finer: Grain,
  ranges: readonly BucketRange[],
): Promise<void> {
  const table = layout.table(grain);
  // Each coarse bucket that a range touches, once: a range may reach over many.
  const touched = (parameters: Parameters): string => `touched as materialized (
  select distinct s.bucket
  from ${rangesFrom(ranges, parameters)}
  cross join lateral generate_series(
    ${bucketOf(grain, 'd.start_at')}, d.end_at - interval '1 microsecond', interval '1 ${grain}'
  ) s (bucket)
)`;
  const gone = createParameters();
  await client.query(
    `with ${touched(gone)}
delete from ${table} t
using touched d
where t.bucket = d.bucket`,
    gone.values,
  );
  const parameters = createParameters();
  const cte = touched(parameters);
  const source = `
    select t.*
    from touched d
    join ${layout.table(finer)} t on t.bucket >= d.bucket and t.bucket < ${endOf(grain, 'd.bucket')}`;
  const columns = tableColumns(layout).join(', ');
  await client.query(
    `with ${cte}
insert into ${table} (${columns})
select ${columns} from (${coarserRows(layout, grain, source)}) c`,
    parameters.values,
  );
}
