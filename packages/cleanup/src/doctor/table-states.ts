import type { Query } from '../database.ts';
import type { TableState } from './diagnosis.ts';
import { found, grouped, type Subject } from './subjects.ts';

/** Header and line pointer of a row, in bytes. */
const ROW_OVERHEAD = 28;

/** Sizes and statistics of the tables, without reading their rows. */
export async function tableStates(
  query: Query,
  subjects: readonly Subject[],
): Promise<readonly TableState[]> {
  const leaves = grouped(
    found(subjects).flatMap(({ facts, policy }) =>
      facts.leaves.map((leaf) => [leaf.oid, leaf, policy] as const),
    ),
  );
  // Statistics of columns say how wide rows are; of this role's own view of them, since the others
  // are not to be read.
  const rows = await query(
    `select
       c.oid::text as oid,
       pg_relation_size(c.oid)::text as heap,
       coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0)::text as toast,
       pg_indexes_size(c.oid)::text as indexes,
       case
         when s.n_live_tup > 0 then s.n_live_tup
         when c.reltuples >= 0 then c.reltuples::bigint
       end::text as live,
       s.n_dead_tup::text as dead,
       w.width::text as width,
       to_char(greatest(s.last_vacuum, s.last_autovacuum), ${ISO}) as vacuumed_at,
       to_char(greatest(s.last_analyze, s.last_autoanalyze), ${ISO}) as analyzed_at
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     left join pg_stat_all_tables s on s.relid = c.oid
     left join lateral (
       select sum(p.avg_width * (1 - p.null_frac)) as width
       from pg_stats p
       where p.schemaname = n.nspname
         and p.tablename = c.relname
         and not p.inherited
     ) w on true
     where c.oid = any($1::oid[])`,
    [leaves.map(({ thing }) => thing.oid)],
  );
  const byOid = new Map(rows.map((row) => [row['oid'], row]));
  return leaves.flatMap(({ thing: leaf, policies }) => {
    const row = byOid.get(leaf.oid);
    if (!row) return [];
    const live = row['live'] == null ? null : Number(row['live']);
    const width = row['width'] == null ? null : Number(row['width']);
    const heapBytes = Number(row['heap']);
    const used = live === null || width === null ? null : live * (width + ROW_OVERHEAD);
    return {
      table: leaf.sql,
      policies,
      heapBytes,
      toastBytes: Number(row['toast']),
      indexBytes: Number(row['indexes']),
      reusableBytes: used === null ? null : Math.max(0, Math.round(heapBytes - used)),
      liveRows: live,
      deadRows: Number(row['dead'] ?? 0),
      vacuumedAt: row['vacuumed_at'] ?? null,
      analyzedAt: row['analyzed_at'] ?? null,
    };
  });
}

const ISO = `'YYYY-MM-DD"T"HH24:MI:SS"Z"'`;
