import type { BackfillSpec } from '../code/backfill.ts';
import type { Session } from '../database/session.ts';
import { quoteIdentifier } from '../sql/quote.ts';

/** What a backfill has to know about its table. */
export interface BackfillTable {
  readonly keys: readonly KeyColumn[];
  /** Rows as last counted by ANALYZE. Undefined when it has not been. */
  readonly estimate: number | undefined;
}

/** One column of the key. */
interface KeyColumn {
  /** Quoted. */
  readonly name: string;
  /** As a cast writes it. */
  readonly type: string;
  /** Whether its text depends on settings, which may be others when the text is read again. */
  readonly isTime: boolean;
}

interface KeyRow {
  readonly table_kind: string;
  readonly estimate: string;
  readonly has_children: string | null;
  readonly is_unique: string | null;
  /** Null, as are those below, when there is no such column. */
  readonly type: string | null;
  readonly category: string;
  readonly not_null: string | null;
}

/** Gives a sentence on what is wrong when the table cannot be walked through by this key. */
export async function inspectTable(
  session: Session,
  { table, key }: BackfillSpec,
): Promise<BackfillTable | string> {
  const { rows } = await session.query<KeyRow>(INSPECT_SQL, [table, key]);
  const [first] = rows;
  if (first === undefined) return `there is no table ${table}`;
  if (!/^[rp]$/.test(first.table_kind)) return `${table} is not a table`;
  // Unique indexes do not reach over children.
  if (first.has_children !== null) return `other tables inherit from ${table}`;
  const missing = rows.findIndex(({ type }) => type === null);
  if (missing !== -1) return `${table} has no column ${key[missing]}`;
  const nullable = rows.findIndex(({ not_null }) => not_null === null);
  if (nullable !== -1)
    return `the key ${key[nullable]} may be null; such rows would be passed over`;
  if (first.is_unique === null) {
    return `no unique index makes the key (${key.join(', ')}) unique; rows that share a key would be passed over`;
  }
  const estimate = Number(first.estimate);
  return {
    keys: rows.map(({ type, category }, at) => {
      return { name: quoteIdentifier(key[at] ?? ''), type: type ?? '', isTime: category === 'D' };
    }),
    estimate: estimate >= 0 ? estimate : undefined,
  };
}

const INSPECT_SQL = `
  select c.relkind as table_kind, c.reltuples::bigint::text as estimate,
    case when c.relkind = 'r' and exists (select from pg_inherits where inhparent = c.oid)
      then 'yes' end as has_children,
    case when exists (
      select
      from pg_index i
      where i.indrelid = c.oid
        and i.indisunique
        and i.indisvalid
        and i.indpred is null
        and not exists (
          select
          from unnest(i.indkey::smallint[]) with ordinality u(number, place)
          left join pg_attribute p on p.attrelid = c.oid and p.attnum = u.number
          where u.place <= i.indnkeyatts
            and (p.attname = any($2::text[])) is not true
        )
    ) then 'yes' end as is_unique,
    format_type(a.atttypid, a.atttypmod) as type,
    t.typcategory as category,
    case when a.attnotnull then 'yes' end as not_null
  from pg_class c
  cross join unnest($2::text[]) with ordinality k(name, place)
  left join pg_attribute a
    on a.attrelid = c.oid and a.attname = k.name and a.attnum > 0 and not a.attisdropped
  left join pg_type t on t.oid = a.atttypid
  where c.oid = to_regclass($1)
  order by k.place`;
