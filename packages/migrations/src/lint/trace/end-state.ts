import type { Location } from '../../errors.ts';
import type { TraceDatabase } from './database.ts';
import { FIRST_USER_OID, NAME_SQL } from './relations.ts';
import type { InvalidIndex, UncoveredForeignKey } from './report.ts';

interface ForeignKeyRow
  extends Pick<UncoveredForeignKey, 'constraint' | 'table' | 'columns' | 'references'> {
  readonly oid: number;
}

/** Object ids of all foreign keys. */
export async function foreignKeyOids(database: TraceDatabase): Promise<ReadonlySet<number>> {
  const rows = await database.rows<{ oid: number }>(
    `select oid::int8::float8 as oid from pg_constraint where contype = 'f'`,
  );
  return new Set(rows.map(({ oid }) => oid));
}

/** Indexes that a failed build, or `create index … on only`, has left unusable. */
export async function invalidIndexes(database: TraceDatabase): Promise<readonly InvalidIndex[]> {
  return database.rows(`
    select ${NAME_SQL} as index,
      (select ${NAME_SQL} from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.oid = i.indrelid) as table
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_namespace n on n.oid = c.relnamespace
    where not i.indisvalid and c.oid >= ${FIRST_USER_OID}
    order by 1`);
}

/**
 * Foreign keys whose columns are not, in any order, the first columns of an index that covers all rows.
 * Those of partitions are left out: they are copies of the parent's.
 *
 * @param ignored object ids.
 * @param places where each was made, by its object id.
 */
export async function uncoveredForeignKeys(
  database: TraceDatabase,
  ignored: ReadonlySet<number>,
  places: ReadonlyMap<number, Location>,
): Promise<readonly UncoveredForeignKey[]> {
  const rows = await database.rows<ForeignKeyRow>(`
    select k.oid::int8::float8 as oid, quote_ident(k.conname) as constraint, ${NAME_SQL} as table,
      (select ${NAME_SQL} from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.oid = k.confrelid) as references,
      array(select quote_ident(a.attname) from unnest(k.conkey) with ordinality as key(number, at)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = key.number
        order by key.at) as columns
    from pg_constraint k
    join pg_class c on c.oid = k.conrelid
    join pg_namespace n on n.oid = c.relnamespace
    where k.contype = 'f'
      and k.conparentid = 0
      and not exists (
        select from pg_index i
        where i.indrelid = k.conrelid
          and i.indisvalid
          and i.indpred is null
          -- indkey counts from 0
          and (i.indkey::int2[])[0:least(cardinality(k.conkey), i.indnkeyatts) - 1] @> k.conkey
      )
    order by c.relname, k.conname`);
  return rows.flatMap(({ oid, ...row }) => {
    if (ignored.has(oid)) return [];
    const { file, line, column } = places.get(oid) ?? {};
    return [{ ...row, file, line, column }];
  });
}
