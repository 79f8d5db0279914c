import type { SqlClient } from '../../postgres/database.ts';
import { conditionsOf } from '../condition.ts';
import { bucketOf, endOf } from '../grain.ts';
import { createParameters } from '../parameters.ts';
import type { Layout } from '../store/layout.ts';
import { frozenBeforeSql } from './frozen.ts';
import { type BucketRange, recomputeBuckets } from './recompute-buckets.ts';
import type { RefreshStep } from './report.ts';
import { nextSlice } from './slice.ts';
import { lockState, type RollupState, saveState } from './state.ts';

const NOTHING = { rows: 0, buckets: 0, frozenBuckets: 0 };

/**
 * One transaction of `dirty-buckets`: the first build in the order of time, then the buckets that
 * have marks. Marks are deleted before rows are read: a mark that is seen has rows that are seen; a
 * mark that comes later stays, and its bucket is computed again.
 *
 * @param size raw rows of a step of the first build; a bucket is never split.
 * @param buckets how many buckets with marks a step takes.
 */
export async function dirtyStep(
  client: SqlClient,
  layout: Layout,
  size: number,
  buckets: number,
): Promise<RefreshStep> {
  const state = await lockState(client, layout);
  if (state === null) return { status: 'busy', ...NOTHING };
  if (state.builtTo !== 'infinity') return buildStep(client, layout, state, size);
  const { rows: clock } = await client.query('select clock_timestamp()::text as now');
  const frozenBuckets = await dropFrozenMarks(client, layout);
  const ranges = await takeMarks(client, layout, buckets);
  const written = ranges.length > 0 ? await recomputeBuckets(client, layout, ranges, []) : NOTHING;
  await saveState(client, layout, {
    ...state,
    isChanged: ranges.length > 0,
    horizonAt: ranges.length < buckets ? (clock[0] as { now: string }).now : null,
  });
  const status = ranges.length < buckets ? 'done' : 'more';
  return { status, ...written, frozenBuckets };
}

async function buildStep(
  client: SqlClient,
  layout: Layout,
  state: RollupState,
  size: number,
): Promise<RefreshStep> {
  const { rollup, marks } = layout;
  const looked = createParameters();
  const conditions = conditionsOf(rollup.where, 'r', layout.typeOf, looked);
  const slice = await nextSlice(client, layout, looked, conditions, state.builtTo, size);
  const range = slice.first === null ? null : await wholeBuckets(client, layout, slice);
  let written = { rows: 0, buckets: 0 };
  if (range !== null) {
    await client.query(
      `delete from ${marks}
where rollup = $1
  and bucket >= $2::timestamptz
  and bucket < $3::timestamptz`,
      [rollup.name, range.start, range.end],
    );
    written = await recomputeBuckets(client, layout, [range], []);
  }
  // Later rows have marks: the triggers were there before.
  const builtTo = slice.isLast || range === null ? 'infinity' : range.end;
  const isChanged = written.buckets > 0;
  await saveState(client, layout, { ...state, builtTo, isChanged, horizonAt: null });
  return { status: 'more', ...written, frozenBuckets: 0 };
}

/** The buckets that a slice fills: without the last one, which may go on, unless it is the only one. */
async function wholeBuckets(
  client: SqlClient,
  { rollup }: Layout,
  slice: { readonly first: string | null; readonly last: string | null; readonly isLast: boolean },
): Promise<BucketRange> {
  const [finest = 'hour'] = rollup.grains;
  const { rows } = await client.query(
    `select
  f.start::text as start,
  (case when $3::boolean or l.start = f.start then ${endOf(finest, 'l.start')} else l.start end)::text as end
from (select ${bucketOf(finest, '$1::timestamptz')} as start) f,
  (select ${bucketOf(finest, '$2::timestamptz')} as start) l`,
    [slice.first, slice.last, slice.isLast],
  );
  return rows[0] as BucketRange;
}

/** @returns how many buckets they concerned. */
async function dropFrozenMarks(client: SqlClient, { rollup, marks }: Layout): Promise<number> {
  if (rollup.rawRetentionMs === null) return 0;
  const { rows } = await client.query(
    `with gone as (
  delete from ${marks}
  where rollup = $1
    and bucket < ${frozenBeforeSql('$2')}
  returning bucket
)
select count(distinct bucket)::int as buckets
from gone`,
    [rollup.name, rollup.rawRetentionMs],
  );
  return (rows[0] as { readonly buckets: number }).buckets;
}

/** The newest first: they are what is read most. */
async function takeMarks(
  client: SqlClient,
  { rollup, marks }: Layout,
  limit: number,
): Promise<BucketRange[]> {
  const [finest = 'hour'] = rollup.grains;
  const { rows } = await client.query(
    `with gone as (
  delete from ${marks}
  where rollup = $1
    and bucket in (
      select distinct bucket
      from ${marks}
      where rollup = $1
      order by bucket desc
      limit ${limit}
    )
  returning bucket
)
select bucket::text as start, (${endOf(finest, 'bucket')})::text as end
from (select distinct bucket from gone) d`,
    [rollup.name],
  );
  return rows as BucketRange[];
}
