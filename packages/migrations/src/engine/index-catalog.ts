import { isLockTrouble, isServerError } from '../database/client.ts';
import type { Session } from '../database/session.ts';
import type { IndexTarget } from '../sql/index-statement.ts';
import { quoteIdentifier } from '../sql/quote.ts';

/** What the catalog says about the index that a statement wants. */
export type IndexState =
  /** No such index, or no such table: the statement itself will tell. */
  | { readonly kind: 'absent'; readonly isTable: boolean }
  | (FoundIndex & { readonly kind: 'valid' | 'invalid' })
  | { readonly kind: 'building'; readonly pid: number }
  /** The name belongs to something that cannot be this index. */
  | { readonly kind: 'taken'; readonly by: string };

/** An index of that name on that table. */
export interface FoundIndex {
  readonly oid: string;
  /** Quoted, schema included. */
  readonly index: string;
  readonly table: string;
  readonly tableName: string;
  /** As `pg_get_indexdef` writes it. */
  readonly definition: string;
}

interface InspectedRow {
  readonly table_kind: string;
  readonly schema: string;
  readonly table_name: string;
  /** Null, as are those below, when nothing has the index's name. */
  readonly oid: string | null;
  readonly index_name: string;
  readonly kind: string;
  readonly on_table: boolean | null;
  readonly is_valid: boolean | null;
  readonly description: string;
  readonly definition: string;
  readonly builder: number | null;
}

/** Looks without taking any lock on the table. */
export async function inspectIndex(session: Session, target: IndexTarget): Promise<IndexState> {
  const { rows } = await session.query<InspectedRow>(INSPECT_SQL, [target.table, target.name]);
  const row = rows[0];
  if (row === undefined) return { kind: 'absent', isTable: false };
  if (row.oid === null) return { kind: 'absent', isTable: row.table_kind === 'r' };
  if (row.kind !== 'i' || row.on_table !== true) return { kind: 'taken', by: row.description };
  if (row.builder !== null) return { kind: 'building', pid: row.builder };
  const schema = quoteIdentifier(row.schema);
  return {
    kind: row.is_valid === true ? 'valid' : 'invalid',
    oid: row.oid,
    index: `${schema}.${quoteIdentifier(row.index_name)}`,
    table: `${schema}.${quoteIdentifier(row.table_name)}`,
    tableName: row.table_name,
    definition: row.definition,
  };
}

/**
 * A builder's progress row hides which index it builds from users without its role; then the lock
 * that it holds on the table tells. `name` cuts a long name as the server does.
 */
const INSPECT_SQL = `
  select t.relkind as table_kind, n.nspname as schema, t.relname as table_name,
    c.oid::text as oid, c.relname as index_name, c.relkind as kind,
    i.indrelid = t.oid as on_table,
    i.indisvalid and i.indisready and i.indislive as is_valid,
    pg_describe_object('pg_class'::regclass, c.oid, 0)
      || coalesce(' on ' || i.indrelid::regclass, '') as description,
    pg_get_indexdef(i.indexrelid) as definition,
    (
      select p.pid
      from pg_stat_progress_create_index p
      where not coalesce(i.indisvalid, true)
        and p.datname = current_database()
        and p.pid <> pg_backend_pid()
        and (
          p.index_relid = c.oid
          or p.index_relid is null and exists (
            select
            from pg_locks l
            where l.pid = p.pid
              and l.relation = t.oid
              and l.mode = 'ShareUpdateExclusiveLock'
              and l.granted
          )
        )
      limit 1
    ) as builder
  from pg_class t
  join pg_namespace n on n.oid = t.relnamespace
  left join pg_class c on c.relnamespace = t.relnamespace and c.relname = $2::text::name
  left join pg_index i on i.indexrelid = c.oid
  where t.oid = to_regclass($1)`;

/**
 * Whether a valid index is what the statement would build. The server decides: the statement is run
 * on an empty temporary table with the same name and columns, both indexes' catalog entries are
 * compared, and all of it is rolled back. A string is the reason why that could not be done; a lock
 * timeout rejects instead.
 */
export async function isSameIndex(
  session: Session,
  target: IndexTarget,
  found: FoundIndex,
  lockTimeoutMs: number,
): Promise<boolean | string> {
  try {
    // Takes an ACCESS SHARE lock on the table, until the rollback.
    await session.query(`begin; set local lock_timeout = ${lockTimeoutMs}`);
    const clone = `pg_temp.${quoteIdentifier(found.tableName)}`;
    await session.query(
      `create temp table ${quoteIdentifier(found.tableName)} (like ${found.table})`,
    );
    await session.query(target.cloneText);
    const { rows } = await session.query<{ facts: string }>(FACTS_SQL, [found.oid, clone]);
    return rows.length === 2 && rows[0]?.facts === rows[1]?.facts;
  } catch (error) {
    if (!isServerError(error) || isLockTrouble(error)) throw error;
    return error.message;
  } finally {
    await session.settle('rollback').catch(() => {});
  }
}

/** Everything that makes an index what it is, but for its names, tablespace and contents. */
const FACTS_SQL = `
  select jsonb_build_object(
    'unique', i.indisunique,
    'immediate', i.indimmediate,
    'nulls not distinct', i.indnullsnotdistinct,
    'method', c.relam,
    'key columns', i.indnkeyatts,
    'order', i.indoption::text,
    'operator classes', i.indclass::text,
    'collations', i.indcollation::text,
    'predicate', pg_get_expr(i.indpred, i.indrelid),
    'storage', (select jsonb_agg(o order by o) from unnest(c.reloptions) o),
    'columns', (
      select jsonb_agg(
        jsonb_build_array(pg_get_indexdef(a.attrelid, a.attnum::integer, false), a.attoptions)
        order by a.attnum
      )
      from pg_attribute a
      where a.attrelid = i.indexrelid
    )
  )::text as facts
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  where i.indexrelid = $1::oid or i.indrelid = to_regclass($2)`;
