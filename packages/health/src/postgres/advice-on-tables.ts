import { adviceOf, OWN_SCHEMAS } from './advice-on-indexes.ts';
import { type Inspect, MOST_FINDINGS } from './catalog-check.ts';

interface KeylessTable {
  readonly name: string;
  readonly isPublished: boolean;
}

const SELECT_KEYLESS = `
  select format('%I.%I', n.nspname, c.relname) as name,
    c.relreplident = 'd' and exists (
      select from pg_publication_tables as p
      where p.schemaname = n.nspname and p.tablename = c.relname
    ) as "isPublished"
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and c.relpersistence <> 't' and not c.relispartition
    and not exists (select from pg_index as i where i.indrelid = c.oid and i.indisprimary)
    and not exists (
      select from pg_depend as d
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
    )
    and ${OWN_SCHEMAS}
  order by 2 desc, 1
  limit $1::integer`;

/** Tables whose rows cannot be told apart. */
export function adviseKeylessTables(): Inspect {
  return async (read) => {
    const found = await read.rows<KeylessTable>(SELECT_KEYLESS, [MOST_FINDINGS]);
    return adviceOf(
      found.map(({ name, isPublished }) => ({
        name: 'table_without_primary_key',
        level: isPublished ? 'error' : 'info',
        object: name,
        detail: isPublished
          ? 'It is published, so update and delete on it fail'
          : 'Two equal rows cannot be told apart, and logical replication cannot follow changes',
        remediation: `alter table ${name} add column id bigint generated always as identity primary key; -- rewrites the table under a lock`,
      })),
    );
  };
}

interface DisabledTrigger {
  readonly table: string;
  readonly trigger: string;
  readonly constraint: string | null;
  readonly remedy: string;
}

/** Those of a foreign key have names of the server's own; the key's name is the one to tell. */
const SELECT_DISABLED = `
  select format('%I.%I', n.nspname, c.relname) as table, format('%I', g.tgname) as trigger,
    case when g.tgisinternal then format('%I', k.conname) end as constraint,
    case
      when g.tgisinternal then format('alter table %I.%I enable trigger all;', n.nspname, c.relname)
      else format('alter table %I.%I enable trigger %I;', n.nspname, c.relname, g.tgname)
    end as remedy
  from pg_trigger as g
  join pg_class as c on c.oid = g.tgrelid
  join pg_namespace as n on n.oid = c.relnamespace
  left join pg_constraint as k on k.oid = g.tgconstraint
  where g.tgenabled = 'D' and ${OWN_SCHEMAS}
  order by not g.tgisinternal, 1, 2
  limit $1::integer`;

/** The usual hidden cause of rows that refer to nothing. */
export function adviseDisabledTriggers(): Inspect {
  return async (read) => {
    const found = await read.rows<DisabledTrigger>(SELECT_DISABLED, [MOST_FINDINGS]);
    return adviceOf(
      found.map(({ table, trigger, constraint, remedy }) => ({
        name: constraint === null ? 'disabled_trigger' : 'disabled_foreign_key',
        level: constraint === null ? 'warn' : 'error',
        object: `${table}, ${constraint ?? trigger}`,
        detail:
          constraint === null
            ? 'The trigger is disabled'
            : 'The triggers that enforce the foreign key are disabled: rows may refer to nothing, though it shows as valid',
        remediation: constraint === null ? remedy : `${remedy} -- then look for rows that break it`,
      })),
    );
  };
}

interface DeadRows {
  readonly name: string;
  readonly dead: number;
  readonly live: number;
  readonly vacuumed: string | null;
}

/** Autovacuum's own threshold by default is 50 rows and 20 %: this much has waited for it. */
const SELECT_DEAD = `
  select format('%I.%I', schemaname, relname) as name, n_dead_tup as dead, n_live_tup as live,
    greatest(last_vacuum, last_autovacuum)::timestamp(0)::text as vacuumed
  from pg_stat_user_tables
  where n_dead_tup > 10000 and n_dead_tup > 0.2 * n_live_tup
  order by n_dead_tup desc
  limit $1::integer`;

/** Tables that vacuum does not keep up with, by the server's estimates. */
export function adviseDeadRows(): Inspect {
  return async (read) => {
    const found = await read.rows<DeadRows>(SELECT_DEAD, [MOST_FINDINGS]);
    return adviceOf(
      found.map(({ name, dead, live, vacuumed }) => ({
        name: 'dead_rows',
        level: 'warn',
        object: name,
        detail: `${dead} dead rows to ${live} live ones; last vacuumed: ${vacuumed ?? 'never'}`,
        remediation: `vacuum (analyze) ${name}; -- and see what keeps autovacuum from it: old transactions, slots, its settings`,
      })),
    );
  };
}
