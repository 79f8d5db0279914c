import type { ActionContext } from '../batch/action.ts';
import type { CascadeKey } from '../catalog/cascade-graph.ts';
import type { ColumnFacts } from '../catalog/columns.ts';
import type { Query } from '../database.ts';
import { inspectQualified } from './archived-column.ts';

/** A table whose rows a batch archives: the policy's, or one whose rows go along with them. */
export interface ArchivedTable {
  /** 0 is the policy's table. Parents have lower places than their children. */
  readonly place: number;
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** As the archive calls it: for a leaf partition, the whole table. Quoted, with its schema. */
  readonly sql: string;
  /** Where the rows are deleted: `only "s"."t"`, or all of a partitioned child. */
  readonly source: string;
  /** In the order of the table that the rows are deleted from. */
  readonly columns: readonly ColumnFacts[];
  /** Foreign keys by which its rows are reached; none for the policy's table. */
  readonly keys: readonly ArchivedKey[];
  /** Rows that it hides from this role would be cascaded to, and not be archived. */
  readonly isRowSecurityActive: boolean;
}

/** A foreign key, from a child to the place of its parent. */
export interface ArchivedKey {
  readonly parent: number;
  readonly columns: readonly string[];
  readonly parentColumns: readonly string[];
}

/** The tables in order, and keys that cannot be followed. */
export interface ArchivedTables {
  readonly tables: readonly ArchivedTable[];
  /** Keys that reference a single partition of a table that is cascaded to. */
  readonly unfollowed: readonly CascadeKey[];
}

interface Relation {
  readonly isPartitioned: boolean;
  readonly isRowSecurityActive: boolean;
}

/** Looks up what goes along with the rows of a leaf. Only reads. */
export async function inspectArchived(
  query: Query,
  context: ActionContext,
): Promise<ArchivedTables> {
  const { leaf, cascades } = context;
  const around = await tablesAround(query, leaf.oid);
  const { children, unfollowed } = followKeys(cascades.cascades, around);
  const oids = [leaf.oid, ...children.map(({ child }) => child.oid)];
  const columns = await inspectQualified(query, oids);
  const relations = await inspectRelations(query, oids);
  const root: ArchivedTable = {
    place: 0,
    oid: leaf.oid,
    schema: leaf.schema,
    name: leaf.name,
    sql: context.table,
    source: `only ${leaf.sql}`,
    columns: columns.get(leaf.oid) ?? [],
    keys: [],
    isRowSecurityActive: false,
  };
  const below = children.map(({ child, place, keys }): ArchivedTable => {
    const relation = relations.get(child.oid);
    return {
      ...child,
      place,
      // Another table may inherit from an ordinary one, and no key reaches its rows.
      source: relation?.isPartitioned === true ? child.sql : `only ${child.sql}`,
      columns: columns.get(child.oid) ?? [],
      keys,
      isRowSecurityActive: relation?.isRowSecurityActive === true,
    };
  });
  return { tables: [root, ...below], unfollowed };
}

interface Child {
  readonly child: CascadeKey['child'];
  readonly place: number;
  readonly keys: readonly ArchivedKey[];
}

/**
 * Gives each child that can be reached from the leaf its place. All keys into a table come before
 * those out of it. So a parent that is not reached by then is not reached at all: it references
 * another partition than this leaf. And by the last keys into them, parents come before children.
 */
function followKeys(
  cascades: readonly CascadeKey[],
  around: readonly string[],
): { readonly children: readonly Child[]; readonly unfollowed: readonly CascadeKey[] } {
  const reached = new Map<string, CascadeKey[]>();
  for (const key of cascades) {
    if (!around.includes(key.parent.oid) && !reached.has(key.parent.oid)) continue;
    const keys = [...(reached.get(key.child.oid) ?? []), key];
    reached.delete(key.child.oid);
    reached.set(key.child.oid, keys);
  }
  const places = new Map([...reached.keys()].map((oid, index) => [oid, index + 1]));
  const children = [...reached.values()].flatMap((keys) => {
    const [first] = keys;
    return first ? [childOf(first.child, keys, places)] : [];
  });
  const tables = new Set([...around, ...cascades.map(({ child }) => child.oid)]);
  // At depth 1 the parent is the policy's table, or a partition of it.
  const unfollowed = cascades.filter(({ depth, parent }) => depth > 1 && !tables.has(parent.oid));
  return { children, unfollowed };
}

function childOf(
  child: CascadeKey['child'],
  keys: readonly CascadeKey[],
  places: ReadonlyMap<string, number>,
): Child {
  return {
    child,
    place: places.get(child.oid) ?? 0,
    keys: keys.map(({ parent, columns, parentColumns }) => ({
      parent: places.get(parent.oid) ?? 0,
      columns,
      parentColumns,
    })),
  };
}

/** The leaf, and the partitioned tables that it is part of. */
async function tablesAround(query: Query, leaf: string): Promise<readonly string[]> {
  const rows = await query(
    `select $1::oid::text as oid
     union
     select a.relid::oid::text
     from pg_partition_ancestors($1::oid::regclass) a`,
    [leaf],
  );
  return rows.map((row) => row['oid'] ?? '');
}

async function inspectRelations(
  query: Query,
  oids: readonly string[],
): Promise<ReadonlyMap<string, Relation>> {
  const rows = await query(
    `select
       c.oid::text as oid,
       (c.relkind = 'p')::text as is_partitioned,
       row_security_active(c.oid)::text as row_security
     from pg_class c
     where c.oid = any($1::oid[])`,
    [oids],
  );
  return new Map(
    rows.map((row) => [
      row['oid'] ?? '',
      {
        isPartitioned: row['is_partitioned'] === 'true',
        isRowSecurityActive: row['row_security'] === 'true',
      },
    ]),
  );
}

/** What speaks against archiving these tables, whatever the archive is. */
export function archivedProblems({ tables, unfollowed }: ArchivedTables): readonly string[] {
  return [
    ...tables
      .filter(({ isRowSecurityActive }) => isRowSecurityActive)
      .map(
        ({ sql }) =>
          `Row security is active on ${sql} for this role: rows that it hides would be deleted along and not be archived; give the role BYPASSRLS`,
      ),
    ...unfollowed.map(
      ({ constraint, child, parent }) =>
        `${child.sql} references a single partition, ${parent.sql} (${constraint}), whose rows cannot be told apart in the archive`,
    ),
  ];
}
