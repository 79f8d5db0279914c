import type { SqlClient } from '../../postgres/database.ts';
import { quoteIdentifier } from '../../postgres/identifier.ts';
import { conditionsOf } from '../condition.ts';
import { createParameters, type Parameters } from '../parameters.ts';
import type { Layout } from '../store/layout.ts';
import { addRows } from './add-rows.ts';
import type { RefreshStep } from './report.ts';
import { nextSlice } from './slice.ts';
import { lockState, type RollupState, saveState } from './state.ts';

const NOTHING = { rows: 0, buckets: 0, frozenBuckets: 0 };

/**
 * One transaction of `append`: adds the rows of all transactions from the watermark to the oldest
 * that is still running, and moves the watermark there. No transaction below can write any more, so
 * no row is missed, and none is added twice, since rows and watermark are committed together.
 *
 * Where that is more than `size` rows, as with the first build or after a bulk load of one
 * transaction, the span becomes a window that further steps work through in the order of time.
 */
export async function appendStep(
  client: SqlClient,
  layout: Layout,
  size: number,
): Promise<RefreshStep> {
  const state = await lockState(client, layout);
  if (state === null) return { status: 'busy', ...NOTHING };
  if (state.windowEnd !== state.watermark) return windowStep(client, layout, state, size);
  const span = await readSpan(client, layout, state, size);
  if (span.rows > size) {
    const window = { ...state, windowEnd: span.end, builtTo: '-infinity' };
    return windowStep(client, layout, window, size);
  }
  const parameters = createParameters();
  const conditions = spanConditions(layout, state.watermark, span.end, parameters);
  const added = span.rows > 0 ? await addRows(client, layout, conditions, parameters) : NOTHING;
  await saveState(client, layout, {
    watermark: span.end,
    windowEnd: span.end,
    builtTo: '-infinity',
    isChanged: added.rows > 0,
    horizonAt: span.horizonAt,
  });
  return { status: 'done', ...NOTHING, ...added };
}

async function windowStep(
  client: SqlClient,
  layout: Layout,
  state: RollupState,
  size: number,
): Promise<RefreshStep> {
  const { watermark, windowEnd, builtTo } = state;
  const looked = createParameters();
  const open = spanConditions(layout, watermark, windowEnd, looked);
  const slice = await nextSlice(client, layout, looked, open, builtTo, size);
  const parameters = createParameters();
  const conditions = spanConditions(layout, watermark, windowEnd, parameters);
  const time = `r.${quoteIdentifier(layout.rollup.time)}`;
  conditions.push(`${time} >= ${parameters.add(builtTo, 'timestamptz')}`);
  let end = 'infinity';
  if (!slice.isLast && slice.last !== null) {
    // More rows of one moment than fit are one slice, since nothing could tell them apart.
    const isOneMoment = slice.first === slice.last;
    end = isOneMoment ? await justAfter(client, slice.last) : slice.last;
    conditions.push(`${time} < ${parameters.add(end, 'timestamptz')}`);
  }
  const added = slice.rows > 0 ? await addRows(client, layout, conditions, parameters) : NOTHING;
  await saveState(client, layout, {
    watermark: slice.isLast ? windowEnd : watermark,
    windowEnd,
    builtTo: end,
    isChanged: added.rows > 0,
    horizonAt: null,
  });
  return { status: 'more', ...NOTHING, ...added };
}

/** The transactions `[from, end)`, and the rows that count. */
function spanConditions(
  { rollup, typeOf }: Layout,
  from: string,
  end: string,
  parameters: Parameters,
): string[] {
  const xid = `r.${quoteIdentifier(rollup.xid)}`;
  return [
    `${xid} >= ${parameters.add(from, 'xid8')}`,
    `${xid} < ${parameters.add(end, 'xid8')}`,
    ...conditionsOf(rollup.where, 'r', typeOf, parameters),
  ];
}

interface Span {
  /** Id of the oldest transaction that is still running. */
  readonly end: string;
  /** Rows to add, of which at most one more than `size` are counted. */
  readonly rows: number;
  readonly horizonAt: string | null;
}

/**
 * All of it in one snapshot. The age of transactions still running is null for those of other users
 * without the rights of pg_read_all_stats, and with prepared transactions: then nothing is known.
 */
async function readSpan(
  client: SqlClient,
  layout: Layout,
  state: RollupState,
  size: number,
): Promise<Span> {
  const xid = `r.${quoteIdentifier(layout.rollup.xid)}`;
  const { rows } = await client.query(
    `select
  pg_snapshot_xmin(s.now)::text as end,
  (
    select count(*)
    from (
      select
      from ${layout.source} r
      where ${xid} >= $1::xid8
        and ${xid} < pg_snapshot_xmin(s.now)
      limit ${size + 1}
    ) n
  )::int as rows,
  case
    when pg_snapshot_xmin(s.now) = pg_snapshot_xmax(s.now) then clock_timestamp()
    else (
      select min(a.xact_start)
      from pg_stat_activity a
      where a.backend_xid is not null
        and a.pid <> pg_backend_pid()
    )
  end::text as "horizonAt"
from (select pg_current_snapshot() as now) s`,
    [state.watermark],
  );
  return rows[0] as Span;
}

async function justAfter(client: SqlClient, time: string): Promise<string> {
  const { rows } = await client.query(
    `select ($1::timestamptz + interval '1 microsecond')::text as after`,
    [time],
  );
  return (rows[0] as { readonly after: string }).after;
}
