import type { Query } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';

/** An index, as far as it may be used to find rows. */
export interface IndexFacts {
  /** Of the table. */
  readonly oid: string;
  /** The table, with its schema, quoted. */
  readonly table: string;
  /** With its schema, quoted. */
  readonly sql: string;
  /** Its key, as far as it is made of columns: up to the first expression. */
  readonly columns: readonly string[];
  readonly isValid: boolean;
  /** It holds some rows only. */
  readonly isPartial: boolean;
  /** It is the whole of the indexes of partitions, which are invalid as long as one lacks it. */
  readonly isPartitioned: boolean;
}

/** Separates names in one text value; no identifier can hold it. */
const SEPARATOR = String.fromCodePoint(1);

/** Indexes that are searched by order: B-trees. */
export async function inspectIndexes(
  query: Query,
  oids: readonly string[],
): Promise<readonly IndexFacts[]> {
  const rows = await query(
    `select
       i.indrelid::text as oid,
       tn.nspname::text as table_schema,
       t.relname::text as table_name,
       xn.nspname::text as schema,
       x.relname::text as name,
       (
         select string_agg(a.attname, $2 order by k.place)
         from unnest(i.indkey::int2[]) with ordinality k (number, place)
         join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
         where k.place <= i.indnkeyatts
           and k.place < coalesce(array_position((i.indkey::int2[])[0:], 0::int2), 1000)
       ) as columns,
       i.indisvalid::text as is_valid,
       (i.indpred is not null)::text as is_partial,
       (x.relkind = 'I')::text as is_partitioned
     from pg_index i
     join pg_class x on x.oid = i.indexrelid
     join pg_namespace xn on xn.oid = x.relnamespace
     join pg_class t on t.oid = i.indrelid
     join pg_namespace tn on tn.oid = t.relnamespace
     join pg_am m on m.oid = x.relam
     where i.indrelid = any($1::oid[])
       and m.amname = 'btree'
     order by x.oid`,
    [oids, SEPARATOR],
  );
  return rows.map((row) => ({
    oid: row['oid'] ?? '',
    table: `${quoteIdentifier(row['table_schema'] ?? '')}.${quoteIdentifier(row['table_name'] ?? '')}`,
    sql: `${quoteIdentifier(row['schema'] ?? '')}.${quoteIdentifier(row['name'] ?? '')}`,
    columns: row['columns'] == null ? [] : row['columns'].split(SEPARATOR),
    isValid: row['is_valid'] === 'true',
    isPartial: row['is_partial'] === 'true',
    isPartitioned: row['is_partitioned'] === 'true',
  }));
}

/** Whether a whole index of the table begins with these columns, in any order. */
export function leads(
  indexes: readonly IndexFacts[],
  oid: string,
  columns: readonly string[],
): boolean {
  return indexes.some((index) => {
    const first = index.columns.slice(0, columns.length);
    const isUsable = index.oid === oid && index.isValid && !index.isPartial;
    return isUsable && columns.every((column) => first.includes(column));
  });
}
