import type { Query } from '../database.ts';

/** A column, as far as statements depend on it. */
export interface ColumnFacts {
  readonly name: string;
  /** As SQL, quoted where needed, without its modifier; for a domain, the domain. */
  readonly type: string;
  /** With its modifier: `numeric(10,2)`. */
  readonly typeWithModifier: string;
  /** The domain's base type; otherwise the type. */
  readonly baseType: string;
  /** Place in the primary key, from 0; undefined when not part of it, or only included in its index. */
  readonly keyPosition: number | undefined;
  readonly isGenerated: boolean;
  readonly identity: 'always' | 'by default' | undefined;
  /** Of variable length, so that its size differs from row to row, and it may be stored apart. */
  readonly isVariable: boolean;
}

/** The primary key's columns, in its order. */
export function primaryKey(columns: readonly ColumnFacts[]): readonly ColumnFacts[] {
  return columns
    .filter((column) => column.keyPosition !== undefined)
    .toSorted((a, b) => (a.keyPosition ?? 0) - (b.keyPosition ?? 0));
}

/** By the table's oid. */
export async function inspectColumns(
  query: Query,
  oids: readonly string[],
): Promise<ReadonlyMap<string, readonly ColumnFacts[]>> {
  // Type modifier -1, not null: with null, char(26) and bit(16) are named "character" and "bit", and
  // a cast to those cuts the value to one character or bit.
  const rows = await query(
    `select
       a.attrelid::text as relation,
       a.attname::text as name,
       format_type(a.atttypid, -1) as type,
       format_type(a.atttypid, a.atttypmod) as type_with_modifier,
       format_type(coalesce(nullif(t.typbasetype, 0), t.oid), -1) as base_type,
       (array_position((p.indkey::int2[])[0:p.indnkeyatts - 1], a.attnum) - 1)::text as key_position,
       a.attgenerated::text as generated,
       a.attidentity::text as identity,
       (a.attlen < 0)::text as is_variable
     from pg_attribute a
     join pg_type t on t.oid = a.atttypid
     left join pg_index p on p.indrelid = a.attrelid and p.indisprimary and p.indisvalid
     where a.attrelid = any($1::oid[])
       and a.attnum > 0
       and not a.attisdropped
     order by a.attrelid, a.attnum`,
    [oids],
  );
  const columns = new Map<string, ColumnFacts[]>();
  for (const row of rows) {
    const relation = row['relation'] ?? '';
    const known = columns.get(relation) ?? [];
    columns.set(relation, known);
    known.push({
      name: row['name'] ?? '',
      type: row['type'] ?? '',
      typeWithModifier: row['type_with_modifier'] ?? '',
      baseType: row['base_type'] ?? '',
      keyPosition: row['key_position'] == null ? undefined : Number(row['key_position']),
      isGenerated: (row['generated'] ?? '') !== '',
      identity: IDENTITY[row['identity'] ?? ''],
      isVariable: row['is_variable'] === 'true',
    });
  }
  return columns;
}

const IDENTITY: Readonly<Record<string, 'always' | 'by default'>> = {
  a: 'always',
  d: 'by default',
};
