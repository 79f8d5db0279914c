import type { TraceDatabase } from './database.ts';
import type { TracedLock } from './report.ts';

/** A table, view or index that was there before the statements that are looked at. */
export interface Relation {
  readonly oid: number;
  /** As SQL writes it, without the schema when that is `public`. */
  readonly name: string;
  readonly kind: TracedLock['kind'];
  /** Of an index, its table. */
  readonly tableOid: number | null;
  /** Another number when it was written anew; 0 for what has no file of its own. */
  readonly fileNode: number;
}

/** The first object id that is not PostgreSQL's own. */
export const FIRST_USER_OID = 16_384;

/** How a relation is shown. Not by regclass, which depends on the search path. */
export const NAME_SQL = `case n.nspname when 'public' then '' else quote_ident(n.nspname) || '.' end || quote_ident(c.relname)`;

/** `r` and so on of pg_class to what is said of it. TOAST tables and sequences are left out. */
export const KIND_SQL = `case when c.relkind in ('i', 'I') then 'index' when c.relkind = 'v' then 'view' else 'table' end`;

const RELATIONS_SQL = `
select c.oid::int8::float8 as oid, ${NAME_SQL} as name, ${KIND_SQL} as kind,
  i.indrelid::int8::float8 as "tableOid",
  c.relfilenode::int8::float8 as "fileNode"
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join pg_index i on i.indexrelid = c.oid
where c.oid >= ${FIRST_USER_OID}
  and c.relkind in ('r', 'p', 'm', 'f', 'v', 'i', 'I')
  and n.nspname <> 'pg_toast'`;

/** Relations by their object id. */
export type Relations = ReadonlyMap<number, Relation>;

/** All there are, temporary ones included. */
export async function readRelations(database: TraceDatabase): Promise<Relations> {
  const rows = await database.rows<Relation>(RELATIONS_SQL);
  return new Map(rows.map((row) => [row.oid, row]));
}

/**
 * How often this session has scanned each table from end to end. The server collects, and forgets, these
 * counts between transactions, at times of its own: compare only within one.
 */
export async function readScans(database: TraceDatabase): Promise<Map<number, number>> {
  const rows = await database.rows<{ oid: number; scans: number }>(`
    select oid::int8::float8 as oid, scans::float8 as scans
    from pg_class, pg_stat_get_xact_numscans(oid) as scans
    where oid >= ${FIRST_USER_OID}
      and relkind in ('r', 'm')
      and scans > 0`);
  return new Map(rows.map(({ oid, scans }) => [oid, scans]));
}
