import { graphTable } from '../catalog/foreign-keys.ts';
import type { Query, TextRow } from '../database.ts';

/** A partitioned table, or a partition of one. */
export interface PartitionNode {
  readonly oid: string;
  /** With its schema, quoted. */
  readonly sql: string;
  /** Undefined for the root. */
  readonly parent: PartitionNode | undefined;
  /** As the server writes it: `FOR VALUES …` or `DEFAULT`; empty for the root. */
  readonly bound: string;
  readonly isDefault: boolean;
  /** Taken out of the table for new queries; old ones may still read it. */
  readonly isPending: boolean;
  /** The role may act as its owner. */
  readonly isOwned: boolean;
  /** The column that it is partitioned by range on first; undefined for anything else. */
  readonly rangeColumn: string | undefined;
  readonly children: readonly PartitionNode[];
}

/**
 * The table and all below it, those that are being detached included, which the server's own
 * `pg_partition_tree` leaves out. Bounds are in UTC, as the transaction is.
 */
export async function readPartitionTree(query: Query, root: string): Promise<PartitionNode> {
  // Another operator class than the type's own may order bounds otherwise than by time.
  const rows = await query(
    `with recursive tree (oid, parent, is_pending) as (
       select $1::oid, null::oid, false
       union all
       select i.inhrelid, i.inhparent, i.inhdetachpending
       from tree
       join pg_inherits i on i.inhparent = tree.oid
     )
     select
       c.oid::text as oid,
       n.nspname::text as schema,
       c.relname::text as name,
       tree.parent::text as parent,
       tree.is_pending::text as is_pending,
       coalesce(pg_get_expr(c.relpartbound, c.oid), '') as bound,
       pg_has_role(c.relowner, 'usage')::text as is_owned,
       (
         select a.attname::text
         from pg_partitioned_table p
         join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
         join pg_opclass o on o.oid = p.partclass[0]
         where p.partrelid = c.oid and p.partstrat = 'r' and o.opcdefault
       ) as range_column
     from tree
     join pg_class c on c.oid = tree.oid
     join pg_namespace n on n.oid = c.relnamespace
     order by c.oid`,
    [root],
  );
  const top = rows.find((row) => row['oid'] === root);
  if (!top) throw new Error(`The table with oid ${root} is not there any more`);
  return treeOf(top, undefined, rows);
}

function treeOf(
  row: TextRow,
  parent: PartitionNode | undefined,
  rows: readonly TextRow[],
): PartitionNode {
  const children: PartitionNode[] = [];
  const { oid, sql } = graphTable(row['oid'], row['schema'], row['name']);
  const bound = row['bound'] ?? '';
  const node: PartitionNode = {
    oid,
    sql,
    parent,
    bound,
    isDefault: bound === 'DEFAULT',
    isPending: row['is_pending'] === 'true',
    isOwned: row['is_owned'] === 'true',
    rangeColumn: row['range_column'] ?? undefined,
    children,
  };
  const below = rows.filter((each) => each['parent'] === oid);
  children.push(...below.map((each) => treeOf(each, node, rows)));
  return node;
}

/** The node and all below it. */
export function withDescendants(node: PartitionNode): readonly PartitionNode[] {
  return [node, ...node.children.flatMap(withDescendants)];
}
