import type { Session } from '../database/session.ts';
import type { UnfinishedIndex } from '../errors.ts';
import { quoteIdentifier } from '../sql/quote.ts';

/**
 * All INVALID indexes of this database but those of the system and of temporary tables. Looks without
 * a lock, in a read-only transaction with a limit of 10 s.
 *
 * @returns each under its OID, which a later one of its name has not.
 */
export async function findUnfinishedIndexes(
  session: Session,
): Promise<ReadonlyMap<string, UnfinishedIndex>> {
  try {
    const sent: unknown = await session.query(
      `begin transaction read only; set local statement_timeout = 10000; ${FIND_SQL}; commit`,
    );
    const [, , { rows }] = sent as [unknown, unknown, { readonly rows: readonly FoundRow[] }];
    return new Map(rows.map((row) => [row.oid, indexOf(row)]));
  } catch (error) {
    await session.settle('rollback').catch(() => {});
    throw error;
  }
}

function indexOf(row: FoundRow): UnfinishedIndex {
  return {
    index: `${quoteIdentifier(row.schema)}.${quoteIdentifier(row.name)}`,
    table: `${quoteIdentifier(row.table_schema)}.${quoteIdentifier(row.table_name)}`,
    definition: row.definition,
    isLeftover: /_cc(?:new|old)\d*$/.test(row.name),
    pid: row.pid === null ? undefined : Number(row.pid),
  };
}

interface FoundRow {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly table_schema: string;
  readonly table_name: string;
  readonly definition: string;
  readonly pid: string | null;
}

/**
 * Index and table are locked in SHARE UPDATE EXCLUSIVE mode by whoever drops the one or builds on the
 * other concurrently; vacuum takes that lock of tables, too, so there a progress row has to be seen. A
 * row hides its table from users without the builder's role.
 */
const FIND_SQL = `
  select c.oid::text as oid, n.nspname::text as schema, c.relname::text as name,
    tn.nspname::text as table_schema, t.relname::text as table_name,
    pg_get_indexdef(c.oid) as definition,
    (
      select l.pid::text
      from pg_locks l
      left join pg_stat_progress_create_index p on p.pid = l.pid
      where l.locktype = 'relation'
        and l.database = (select oid from pg_database where datname = current_database())
        and l.mode = 'ShareUpdateExclusiveLock'
        and l.granted
        and l.pid <> pg_backend_pid()
        and (l.relation = c.oid or l.relation = i.indrelid and p.pid is not null)
      limit 1
    ) as pid
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_class toasted on toasted.reltoastrelid = i.indrelid
  join pg_class t on t.oid = coalesce(toasted.oid, i.indrelid)
  join pg_namespace tn on tn.oid = t.relnamespace
  where not (i.indisvalid and i.indisready and i.indislive)
    and c.relkind = 'i'
    and c.relpersistence <> 't'
    and tn.nspname not in ('pg_catalog', 'information_schema')
  order by 4, 5, 2, 3`;
