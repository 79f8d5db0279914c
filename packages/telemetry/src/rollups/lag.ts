import type { SqlClient } from '../postgres/database.ts';
import { quoteIdentifier } from '../postgres/identifier.ts';
import { frozenBeforeSql } from './refresh/frozen.ts';
import type { Layout } from './store/layout.ts';

/** How far a rollup is behind its table. */
export interface Lag {
  readonly rollup: string;
  readonly mode: 'append' | 'dirty-buckets';
  /**
   * Age in milliseconds of what may be missing: 0 when nothing is. Infinity before the first refresh
   * has caught up.
   */
  readonly lagMs: number;
  /** When a refresh last committed; null before the first. */
  readonly lastRunAt: Date | null;
  /** Since then, in milliseconds by the server's clock; null before the first. */
  readonly sinceLastRunMs: number | null;
  /** Rows (`append`) or buckets (`dirty-buckets`) to do, counted up to 10,000. */
  readonly pending: number;
  /** The first build, or a large span of rows, is under way. */
  readonly isBuilding: boolean;
  /**
   * With `append`: the process and the age of the oldest transaction that has written and is still
   * open, anywhere in the cluster. Rows of later transactions wait for it, in the tail that reads
   * add. Null where there is none, or where it is another user's and may not be seen.
   */
  readonly heldBackBy: { readonly pid: number; readonly ageMs: number } | null;
}

/** So that a rollup far behind is as quick to ask. */
const MOST_PENDING = 10_000;

interface LagRow {
  readonly pending: number;
  readonly is_building: boolean;
  readonly last_run_at: string | null;
  readonly since_ms: number | null;
  readonly lag_ms: number | null;
  readonly held_pid: number | null;
  readonly held_ms: number | null;
}

/** One statement. */
export async function readLag(client: SqlClient, layout: Layout): Promise<Lag> {
  const { rollup } = layout;
  const values =
    rollup.mode === 'append' || rollup.rawRetentionMs === null
      ? [rollup.name]
      : [rollup.name, rollup.rawRetentionMs];
  const { rows } = await client.query(
    rollup.mode === 'append' ? appendLag(layout) : dirtyLag(layout),
    values,
  );
  const row = rows[0] as LagRow;
  const behindMs = row.lag_ms === null ? Infinity : Math.max(0, row.lag_ms);
  return {
    rollup: rollup.name,
    mode: rollup.mode,
    lagMs: row.pending === 0 && !row.is_building ? 0 : behindMs,
    lastRunAt: row.last_run_at === null ? null : new Date(row.last_run_at),
    sinceLastRunMs: row.since_ms,
    pending: row.pending,
    isBuilding: row.is_building,
    heldBackBy:
      row.held_pid === null ? null : { pid: row.held_pid, ageMs: Math.max(0, row.held_ms ?? 0) },
  };
}

const milliseconds = (since: string): string =>
  `round(extract(epoch from clock_timestamp() - ${since}) * 1000)::float8`;

const RUN = `to_char(s.last_run_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as last_run_at,
  ${milliseconds('s.last_run_at')} as since_ms`;

function appendLag({ rollup, source, state }: Layout): string {
  const xid = `r.${quoteIdentifier(rollup.xid)}`;
  const time = `r.${quoteIdentifier(rollup.time)}`;
  return `select
  (
    select count(*)
    from (
      select
      from ${source} r
      where ${xid} >= s.watermark
        and (${xid} >= s.window_end or ${time} >= s.built_to)
      limit ${MOST_PENDING}
    ) n
  )::int as pending,
  s.window_end <> s.watermark or s.horizon_at is null as is_building,
  ${RUN},
  ${milliseconds('s.horizon_at')} as lag_ms,
  h.pid as held_pid,
  ${milliseconds('h.xact_start')} as held_ms
from ${state} s
left join lateral (
  select a.pid, a.xact_start
  from pg_stat_activity a
  where a.backend_xid is not null
    and a.pid <> pg_backend_pid()
  order by a.xact_start
  limit 1
) h on true
where s.rollup = $1`;
}

function dirtyLag({ rollup, state, marks }: Layout): string {
  const frozen =
    rollup.rawRetentionMs === null ? '' : `\n    and m.bucket >= ${frozenBeforeSql('$2')}`;
  return `select
  m.pending,
  s.built_to <> 'infinity' as is_building,
  ${RUN},
  ${milliseconds("case when s.built_to = 'infinity' then m.oldest end")} as lag_ms,
  null::int as held_pid,
  null::float8 as held_ms
from ${state} s
cross join lateral (
  select least(count(distinct m.bucket), ${MOST_PENDING})::int as pending, min(m.marked_at) as oldest
  from ${marks} m
  where m.rollup = s.rollup${frozen}
) m
where s.rollup = $1`;
}
