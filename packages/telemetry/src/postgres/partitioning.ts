import type { SqlClient } from './database.ts';
import { isMonthStart } from './month.ts';

/** One partition as the catalog has it. Times are milliseconds since 1970, bounds may be infinite. */
interface Partition {
  /** Without its schema, not quoted. */
  readonly name: string;
  readonly isDefault: boolean;
  /** Included. */
  readonly from: number;
  /** Not included. */
  readonly to: number;
  readonly isTable: boolean;
  readonly hasUniqueId: boolean;
  /** A unique index that does not have the id in it, if there is one. */
  readonly otherUnique: string | null;
}

/** How a table is partitioned. */
export interface Partitioning {
  readonly schema: string;
  /** Column that it is partitioned by; null when it is not by range on one `timestamptz` column. */
  readonly timeColumn: string | null;
  /** Columns that can be written, in their order. */
  readonly columns: readonly string[];
  readonly partitions: readonly Partition[];
}

const KEY = `
select
  n.nspname as schema,
  (
    select k.attname
    from pg_attribute k
    where p.partstrat = 'r'
      and p.partnatts = 1
      and k.attrelid = c.oid
      and k.attnum = p.partattrs[0]
      and k.atttypid = 'timestamptz'::regtype
  ) as time_column,
  array(
    select a.attname::text
    from pg_attribute a
    where a.attrelid = c.oid
      and a.attnum > 0
      and not a.attisdropped
      and a.attgenerated = ''
    order by a.attnum
  ) as columns
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_partitioned_table p on p.partrelid = c.oid
where c.oid = $1::bigint::oid`;

// The bound is read and cast in one session, so it does not matter how that session writes times.
const PARTITIONS = `
select
  c.relname as name,
  b.bound = 'DEFAULT' as is_default,
  (extract(epoch from (regexp_match(b.bound, 'FROM \\(''([^'']+)''\\)'))[1]::timestamptz) * 1000)::float8
    as from_ms,
  (extract(epoch from (regexp_match(b.bound, 'TO \\(''([^'']+)''\\)'))[1]::timestamptz) * 1000)::float8
    as to_ms,
  c.relkind = 'r' as is_table,
  exists (
    select
    from pg_index x
    where x.indrelid = c.oid
      and x.indisunique
      and x.indisvalid
      and x.indimmediate
      and x.indpred is null
      and x.indnkeyatts = 1
      and x.indkey[0] = id.attnum
  ) as has_unique_id,
  (
    select min(u.relname::text)
    from pg_index x
    join pg_class u on u.oid = x.indexrelid
    where x.indrelid = c.oid
      and x.indisunique
      and not (id.attnum = any (x.indkey))
  ) as other_unique
from pg_inherits i
join pg_class c on c.oid = i.inhrelid
cross join lateral (select pg_get_expr(c.relpartbound, c.oid) as bound) b
left join pg_attribute id on id.attrelid = c.oid and id.attname = $2
where i.inhparent = $1::bigint::oid
  and not i.inhdetachpending
order by from_ms nulls first, name`;

interface KeyRow {
  readonly schema: string;
  readonly time_column: string | null;
  readonly columns: readonly string[];
}

interface PartitionRow {
  readonly name: string;
  readonly is_default: boolean;
  readonly from_ms: number | null;
  readonly to_ms: number | null;
  readonly is_table: boolean;
  readonly has_unique_id: boolean;
  readonly other_unique: string | null;
}

/** Undefined when the table is not partitioned. Takes no lock beyond that of a catalog read. */
export async function readPartitioning(
  client: SqlClient,
  oid: number,
  idColumn: string,
): Promise<Partitioning | undefined> {
  const key = (await client.query(KEY, [oid])).rows[0] as KeyRow | undefined;
  if (key === undefined) return undefined;
  const { schema, time_column: timeColumn, columns } = key;
  if (timeColumn === null) return { schema, timeColumn, columns, partitions: [] };
  const { rows } = await client.query(PARTITIONS, [oid, idColumn]);
  const partitions = (rows as readonly PartitionRow[]).map((row) => ({
    name: row.name,
    isDefault: row.is_default,
    from: row.from_ms ?? -Infinity,
    to: row.to_ms ?? Infinity,
    isTable: row.is_table,
    hasUniqueId: row.has_unique_id,
    otherUnique: row.other_unique,
  }));
  return { schema, timeColumn, columns, partitions };
}

/** Why the sink cannot keep each event once in this table; empty when it can. */
export function partitioningProblems(
  { timeColumn, partitions }: Partitioning,
  timestampColumn: string | null,
): string[] {
  if (timeColumn === null) return ['it is not partitioned by range on one timestamptz column'];
  if (timeColumn !== timestampColumn) {
    return [`it is partitioned by ${timeColumn}, which is not the column of the timestamp`];
  }
  return partitions.flatMap((part) => {
    if (!part.isTable) return [`partition ${part.name} is no table of its own`];
    if (!part.hasUniqueId) return [`no unique index on the id column alone in ${part.name}`];
    if (part.otherUnique !== null) {
      // "on conflict do nothing" cannot name the index of a partition: it would pass over these too.
      return [`unique index ${part.otherUnique} of ${part.name} is not on the id`];
    }
    const isWhole = part.isDefault || (isMonthStart(part.from) && isMonthStart(part.to));
    return isWhole ? [] : [`partition ${part.name} does not begin and end with a month of UTC`];
  });
}
