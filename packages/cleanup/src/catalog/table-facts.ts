import type { Query } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';
import { type ColumnFacts, inspectColumns } from './columns.ts';
import { inspectLeaves } from './inspect-leaves.ts';
import type { Leaf } from './leaf.ts';

/** What the system catalogs say of a policy's table, as far as the policy depends on it. */
export interface TableFacts {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** With its schema, quoted. */
  readonly sql: string;
  /** `pg_class.relkind`: `r` is an ordinary table, `p` a partitioned one. */
  readonly kind: string;
  /** Tables inherit from it without being partitions. */
  readonly hasChildren: boolean;
  /** Row security hides rows from this role. */
  readonly isRowSecurityActive: boolean;
  readonly columns: readonly ColumnFacts[];
  /** Names of enabled triggers of one's own that fire on DELETE, its partitions' included. */
  readonly deleteTriggers: readonly string[];
  /** Names of enabled rules that rewrite a DELETE or an UPDATE, its partitions' included. */
  readonly rules: readonly string[];
  /** The table itself, or its leaf partitions. */
  readonly leaves: readonly Leaf[];
  /** Leaf partitions that are foreign tables, quoted. */
  readonly foreignLeaves: readonly string[];
}

/** Reads the facts of `table` (SQL, quoted), resolved by the connection's search path. */
export async function inspectTable(query: Query, table: string): Promise<TableFacts | undefined> {
  const [relation] = await query(
    `select
       c.oid::text as oid,
       n.nspname::text as schema,
       c.relname::text as name,
       c.relkind::text as kind,
       exists (select from pg_inherits i where i.inhparent = c.oid)::text as has_children,
       row_security_active(c.oid)::text as row_security
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     where c.oid = to_regclass($1)`,
    [table],
  );
  if (relation?.['oid'] == null) return undefined;
  const { oid, kind } = { oid: relation['oid'], kind: relation['kind'] ?? '' };
  const name = relation['name'] ?? '';
  const columns = (await inspectColumns(query, [oid])).get(oid) ?? [];
  const { leaves, foreignLeaves } = await inspectLeaves(query, { oid, name, kind });
  const oids = [oid, ...leaves.map((leaf) => leaf.oid)];
  return {
    oid,
    schema: relation['schema'] ?? '',
    name,
    sql: `${quoteIdentifier(relation['schema'] ?? '')}.${quoteIdentifier(name)}`,
    kind,
    hasChildren: kind !== 'p' && relation['has_children'] === 'true',
    isRowSecurityActive: relation['row_security'] === 'true',
    columns,
    deleteTriggers: await inspectDeleteTriggers(query, oids),
    rules: await inspectRules(query, oids),
    leaves,
    foreignLeaves,
  };
}

async function inspectDeleteTriggers(
  query: Query,
  oids: readonly string[],
): Promise<readonly string[]> {
  // Bit 8 of tgtype: fires on DELETE. A partition has a copy of each row trigger of its parent.
  const rows = await query(
    `select distinct t.tgname::text as name
     from pg_trigger t
     where t.tgrelid = any($1::oid[])
       and not t.tgisinternal
       and t.tgenabled <> 'D'
       and t.tgtype & 8 <> 0
     order by 1`,
    [oids],
  );
  return rows.map((row) => row['name'] ?? '');
}

async function inspectRules(query: Query, oids: readonly string[]): Promise<readonly string[]> {
  // 2 is UPDATE, 4 is DELETE.
  const rows = await query(
    `select distinct r.rulename::text as name
     from pg_rewrite r
     where r.ev_class = any($1::oid[])
       and r.ev_type in ('2', '4')
       and r.ev_enabled <> 'D'
     order by 1`,
    [oids],
  );
  return rows.map((row) => row['name'] ?? '');
}
