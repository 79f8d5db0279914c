import * as z from 'zod';
import type { Read } from './check-connection.ts';
import { type ColumnList, columnListOf, quoteIdentifier } from './relation-name.ts';

/** Columns whose values have to be found in other columns, as a foreign key would have it. */
export interface Relation {
  /** `table.column`, `schema.table.column`, or several columns: `table.first,second`. */
  readonly from: string;
  /** As many columns of the table that is referred to. */
  readonly to: string;
}

/** A relation understood; tables are not yet looked for. */
export interface RelationColumns {
  readonly from: ColumnList;
  readonly to: ColumnList;
  /** For people: `orders.customer_id → customers.id`. */
  readonly label: string;
}

/** As many as an index can have. */
const MOST_COLUMNS = 32;

/** Undefined when a side cannot be read, or the two have not as many columns. */
export function relationColumnsOf({ from, to }: Relation): RelationColumns | undefined {
  const [fromColumns, toColumns] = [columnListOf(from), columnListOf(to)];
  if (fromColumns === undefined || toColumns === undefined) return undefined;
  const count = fromColumns.columns.length;
  if (count !== toColumns.columns.length || count > MOST_COLUMNS) return undefined;
  return { from: fromColumns, to: toColumns, label: `${from} → ${to}` };
}

/** A {@link Relation} as an option. */
export const relationOption: z.ZodType<Relation, Relation> = z
  .strictObject({ from: z.string(), to: z.string() })
  .refine((given) => relationColumnsOf(given) !== undefined, {
    error: "expected { from: 'table.column', to: 'table.column' } with as many columns each",
  });

/** How to go through a relation in steps. */
export interface RelationPlan {
  readonly keyCount: number;
  /** Looks at up to `$1` rows after the key in `$2` and the following. */
  readonly selectNext: string;
  /** The same from the beginning, without a key. */
  readonly selectFirst: string;
  /** Finds all of it, for a person to run. */
  readonly selectAll: string;
}

/** Why a relation cannot be looked at in steps. */
export interface RelationFault {
  readonly fault: string;
}

interface Found {
  readonly hasFrom: boolean;
  readonly hasTo: boolean;
  readonly missing: readonly string[];
  readonly key: readonly { readonly name: string; readonly type: string }[] | null;
  readonly isToIndexed: boolean;
}

/**
 * The key is the primary key, or else a unique index without nulls: rows are gone through in its
 * order. A step must be able to find each reference by an index, or it would have to read all of the other
 * table.
 */
const SELECT_RELATION = `
  select to_regclass($1) is not null as "hasFrom", to_regclass($3) is not null as "hasTo",
    array(
      select name
      from (
        select to_regclass($1) as relation, unnest($2::text[]) as name
        union all
        select to_regclass($3), unnest($4::text[])
      ) as wanted
      where not exists (
        select from pg_attribute as a
        where a.attrelid = wanted.relation and a.attname = wanted.name and not a.attisdropped
      )
    ) as missing,
    (
      select (
        select json_agg(
          json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod))
          order by k.place
        )
        from unnest(i.indkey::smallint[]) with ordinality as k (attribute, place)
        join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attribute
        where k.place <= i.indnkeyatts
      )
      from pg_index as i
      where i.indrelid = to_regclass($1)
        and i.indisunique and i.indimmediate and i.indisvalid
        and i.indpred is null and i.indexprs is null
        and not exists (
          select from unnest(i.indkey::smallint[]) with ordinality as k (attribute, place)
          join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attribute
          where k.place <= i.indnkeyatts and not a.attnotnull
        )
      order by i.indisprimary desc, i.indnkeyatts, i.indexrelid
      limit 1
    ) as key,
    exists (
      select from pg_index as i
      where i.indrelid = to_regclass($3)
        and i.indisvalid and i.indpred is null
        and array(
          select a.attname::text
          from unnest(i.indkey::smallint[]) with ordinality as k (attribute, place)
          join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attribute
          where k.place <= least(i.indnkeyatts, cardinality($4::text[]))
        ) @> $4::text[]
    ) as "isToIndexed"`;

/** Looks the tables up, under no lock that lasts. */
export async function planRelation(
  read: Read,
  { from, to }: RelationColumns,
): Promise<RelationPlan | RelationFault> {
  const values = [from.table, from.columns, to.table, to.columns];
  const [found] = await read.rows<Found>(SELECT_RELATION, values);
  if (found === undefined) return { fault: 'the answer is not that of a PostgreSQL server' };
  const { hasFrom, hasTo, missing, key, isToIndexed } = found;
  if (!hasFrom || !hasTo) return { fault: `there is no table ${hasFrom ? to.table : from.table}` };
  if (missing.length > 0) return { fault: `there is no column ${missing.join(', ')}` };
  if (key === null) return { fault: `${from.table} has no primary key to go by` };
  if (!isToIndexed) {
    return { fault: `${to.table} has no index that begins with ${to.columns.join(', ')}` };
  }
  return {
    keyCount: key.length,
    selectFirst: stepSql({ from, to }, key, false),
    selectNext: stepSql({ from, to }, key, true),
    selectAll: allSql({ from, to }),
  };
}

type Sides = Pick<RelationColumns, 'from' | 'to'>;

/** Null in any column is no reference, as `match simple` has it; `not in` would answer null. */
function danglingSql({ from, to }: Sides, nameOf: (at: number) => string): string {
  const present = from.columns.map((_, at) => `${nameOf(at)} is not null`);
  const equal = to.columns.map((column, at) => `t.${quoteIdentifier(column)} = ${nameOf(at)}`);
  return `${present.join(' and ')}
      and not exists (select from ${to.table} as t where ${equal.join(' and ')})`;
}

function allSql({ from, to }: Sides): string {
  const dangling = danglingSql(
    { from, to },
    (at) => `f.${quoteIdentifier(from.columns[at] ?? '')}`,
  );
  return `select f.* from ${from.table} as f where ${dangling.replaceAll(/\s+/g, ' ')};`;
}

function stepSql(sides: Sides, key: NonNullable<Found['key']>, isNext: boolean): string {
  const { from } = sides;
  const keys = key.map(({ name }) => `f.${quoteIdentifier(name)}`);
  const after = key.map(({ type }, at) => `$${at + 2}::text::${type}`);
  const references = from.columns.map((column, at) => `f.${quoteIdentifier(column)} as r${at}`);
  return `
  with step as materialized (
    select array[${keys.map((name) => `${name}::text`).join(', ')}] as key,
      ${references.join(', ')},
      row_number() over (order by ${keys.join(', ')}) as place
    from ${from.table} as f
    ${isNext ? `where (${keys.join(', ')}) > (${after.join(', ')})` : ''}
    order by ${keys.join(', ')}
    limit $1::integer
  ), dangling as materialized (
    select key, place
    from step
    where ${danglingSql(sides, (at) => `step.r${at}`)}
  )
  select (select count(*) from step) as "rowCount",
    (select key from step order by place desc limit 1) as last,
    (select count(*) from dangling) as "danglingCount",
    array(select left(array_to_string(key, ', '), 100) from dangling order by place limit 5) as samples,
    extract(epoch from clock_timestamp() - transaction_timestamp()) * 1000 as "tookMs"`;
}
