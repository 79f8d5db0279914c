import type { Query, TextRow } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';
import { inspectColumns, primaryKey } from './columns.ts';
import type { Leaf } from './leaf.ts';

/** The tables that hold the rows of `root`: itself, or its leaf partitions. */
export async function inspectLeaves(
  query: Query,
  root: { readonly oid: string; readonly name: string; readonly kind: string },
): Promise<{ readonly leaves: readonly Leaf[]; readonly foreignLeaves: readonly string[] }> {
  const rows = await query(
    `select
       c.oid::text as oid,
       n.nspname::text as schema,
       c.relname::text as name,
       c.relkind::text as kind,
       s.pages::text as pages,
       (coalesce(pg_relation_size(nullif(c.reltoastrelid, 0)), 0) / s.block_size)::text as toast_pages,
       case when c.reltuples > 0 and c.relpages > 0
         then round((c.reltuples / c.relpages * s.pages)::numeric)::text
       end as estimated_rows
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     cross join lateral (
       select
         coalesce(pg_relation_size(c.oid), 0) / current_setting('block_size')::bigint as pages,
         current_setting('block_size')::bigint as block_size
     ) s
     where c.relkind in ('r', 'f')
       and (
         c.oid = $1::oid
         or c.oid in (select t.relid from pg_partition_tree($1::oid::regclass) t where t.isleaf)
       )
     order by c.oid`,
    [root.oid],
  );
  const tables = rows.filter((row) => row['kind'] === 'r');
  const columns = await inspectColumns(
    query,
    tables.map((row) => row['oid'] ?? ''),
  );
  return {
    leaves: tables.map((row) => {
      const own = columns.get(row['oid'] ?? '') ?? [];
      return {
        oid: row['oid'] ?? '',
        schema: row['schema'] ?? '',
        name: row['name'] ?? '',
        sql: sqlName(row),
        alias: quoteIdentifier(root.name),
        columns: own,
        keyColumns: primaryKey(own).map(({ name }) => name),
        pageCount: Number(row['pages']),
        toastPageCount: Number(row['toast_pages']),
        estimatedRowCount:
          row['estimated_rows'] == null ? undefined : Number(row['estimated_rows']),
      };
    }),
    foreignLeaves: rows.filter((row) => row['kind'] === 'f').map(sqlName),
  };
}

function sqlName(row: TextRow): string {
  return `${quoteIdentifier(row['schema'] ?? '')}.${quoteIdentifier(row['name'] ?? '')}`;
}

/** What statistics say of a column of a leaf. */
export interface ColumnStatistics {
  /** How well its order follows that of the rows on disk, -1 to 1. */
  readonly correlation: number | undefined;
  /** Share of the rows that have its most common value, 0 to 1; undefined when none is common. */
  readonly largestShare: number | undefined;
}

/** Undefined when the leaf was never analyzed. */
export async function statisticsOf(
  query: Query,
  leaf: Leaf,
  column: string,
): Promise<ColumnStatistics | undefined> {
  const [row] = await query(
    `select correlation::text as correlation, most_common_freqs[1]::text as largest_share
     from pg_stats
     where schemaname = $1
       and tablename = $2
       and attname = $3
       and not inherited`,
    [leaf.schema, leaf.name, column],
  );
  return (
    row && {
      correlation: numberIn(row['correlation']),
      largestShare: numberIn(row['largest_share']),
    }
  );
}

function numberIn(text: string | null | undefined): number | undefined {
  return text == null ? undefined : Number(text);
}
