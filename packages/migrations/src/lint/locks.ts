import type { AlterTableStmt, CreateStmt, Node } from 'libpg-query';
import { allOf, as, type Name, nameOf, objectName, relationName } from './ast.ts';
import { type Catalog, findIndex } from './catalog/catalog.ts';

/** PostgreSQL's lock modes on tables that matter here, from the weakest. */
export const LOCK_MODES = [
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
] as const;

type LockMode = (typeof LOCK_MODES)[number];

export interface TableLock {
  readonly table: Name;
  readonly mode: LockMode;
}

/**
 * The locks that a statement takes on tables and views, except those of reading and writing rows.
 *
 * @see https://www.postgresql.org/docs/current/explicit-locking.html
 */
export function locksOf(node: Node, catalog: Catalog): TableLock[] {
  const alter = as(node, 'AlterTableStmt');
  if (alter) return alterLocks(alter);
  const created = as(node, 'CreateStmt');
  if (created) return createLocks(created);
  const drop = as(node, 'DropStmt');
  if (drop) return dropLocks(drop.removeType, drop.objects ?? [], drop.concurrent, catalog);
  const found = simpleLock(node);
  return found?.table && found.table.name !== ''
    ? [{ table: found.table, mode: found.mode }]
    : many(node);
}

/** On the tables that a new one refers to, is a partition of or inherits from. */
function createLocks({ tableElts, inhRelations, partbound }: CreateStmt): TableLock[] {
  const constraints = [
    ...allOf(tableElts, 'Constraint'),
    ...allOf(tableElts, 'ColumnDef').flatMap((each) => allOf(each.constraints, 'Constraint')),
  ];
  return [
    ...constraints.flatMap(({ pktable }): TableLock[] =>
      pktable ? [{ table: relationName(pktable), mode: 'SHARE ROW EXCLUSIVE' }] : [],
    ),
    ...allOf(inhRelations, 'RangeVar').map((parent): TableLock => {
      return {
        table: relationName(parent),
        mode: partbound ? 'ACCESS EXCLUSIVE' : 'SHARE UPDATE EXCLUSIVE',
      };
    }),
  ];
}

function many(node: Node): TableLock[] {
  const ranges = as(node, 'TruncateStmt')?.relations ?? as(node, 'LockStmt')?.relations;
  const mode = LOCK_LEVELS[as(node, 'LockStmt')?.mode ?? 8];
  if (mode === undefined) return [];
  return allOf(ranges, 'RangeVar').map((range) => ({ table: relationName(range), mode }));
}

/** As the parser numbers the modes of `lock table`. */
const LOCK_LEVELS: Readonly<Record<number, LockMode>> = {
  4: 'SHARE UPDATE EXCLUSIVE',
  5: 'SHARE',
  6: 'SHARE ROW EXCLUSIVE',
  7: 'EXCLUSIVE',
  8: 'ACCESS EXCLUSIVE',
};

function simpleLock(node: Node): { table: Name | undefined; mode: LockMode } | undefined {
  const index = as(node, 'IndexStmt');
  if (index) {
    const mode = index.concurrent ? 'SHARE UPDATE EXCLUSIVE' : 'SHARE';
    return { table: relationName(index.relation), mode };
  }
  const trigger = as(node, 'CreateTrigStmt');
  if (trigger) return { table: relationName(trigger.relation), mode: 'SHARE ROW EXCLUSIVE' };
  const refresh = as(node, 'RefreshMatViewStmt');
  if (refresh) {
    const mode = refresh.concurrent ? 'EXCLUSIVE' : 'ACCESS EXCLUSIVE';
    return { table: relationName(refresh.relation), mode };
  }
  const reindex = as(node, 'ReindexStmt');
  if (reindex?.kind === 'REINDEX_OBJECT_TABLE' && !allOf(reindex.params, 'DefElem').length) {
    return { table: relationName(reindex.relation), mode: 'SHARE' };
  }
  const exclusive =
    as(node, 'RenameStmt')?.relation ??
    as(node, 'AlterObjectSchemaStmt')?.relation ??
    as(node, 'RuleStmt')?.relation ??
    as(node, 'CreatePolicyStmt')?.table ??
    as(node, 'AlterPolicyStmt')?.table ??
    as(node, 'ClusterStmt')?.relation;
  // An index is renamed under SHARE UPDATE EXCLUSIVE, since PostgreSQL 12.
  const isIndex = as(node, 'RenameStmt')?.renameType === 'OBJECT_INDEX';
  return exclusive && !isIndex
    ? { table: relationName(exclusive), mode: 'ACCESS EXCLUSIVE' }
    : undefined;
}

function dropLocks(
  kind: string | undefined,
  objects: readonly Node[],
  isConcurrent: boolean | undefined,
  catalog: Catalog,
): TableLock[] {
  return objects.flatMap((object): TableLock[] => {
    const name = objectName(object);
    if (kind === 'OBJECT_INDEX') {
      const [schema, table] = findIndex(catalog, name)?.table.split('\0') ?? [];
      const mode = isConcurrent ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE';
      return table === undefined ? [] : [{ table: { schema, name: table }, mode }];
    }
    if (kind === 'OBJECT_TRIGGER' || kind === 'OBJECT_POLICY' || kind === 'OBJECT_RULE') {
      // The last part is the trigger's own name.
      const table = nameOf(as(object, 'List')?.items?.slice(0, -1));
      return [{ table, mode: 'ACCESS EXCLUSIVE' }];
    }
    return RELATIONS.has(kind ?? '') ? [{ table: name, mode: 'ACCESS EXCLUSIVE' }] : [];
  });
}

const RELATIONS = new Set([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_FOREIGN_TABLE',
]);

/** The strongest that any of its commands needs, and what foreign keys take on the other table. */
function alterLocks({ relation, cmds }: AlterTableStmt): TableLock[] {
  const commands = allOf(cmds, 'AlterTableCmd');
  const others: TableLock[] = [];
  let level = 0;
  for (const { subtype = '', def } of commands) {
    const foreign = [
      as(def, 'Constraint'),
      ...allOf(as(def, 'ColumnDef')?.constraints, 'Constraint'),
    ].find((each) => each?.contype === 'CONSTR_FOREIGN');
    if (foreign) others.push({ table: relationName(foreign.pktable), mode: 'SHARE ROW EXCLUSIVE' });
    const partition = as(def, 'PartitionCmd');
    if (partition && !partition.concurrent) {
      others.push({ table: relationName(partition.name), mode: 'ACCESS EXCLUSIVE' });
    }
    const isForeign = as(def, 'Constraint')?.contype === 'CONSTR_FOREIGN';
    const mode = isForeign ? 'SHARE ROW EXCLUSIVE' : commandMode(subtype, partition?.concurrent);
    level = Math.max(level, LOCK_MODES.indexOf(mode));
  }
  const mode = LOCK_MODES[level] ?? 'ACCESS EXCLUSIVE';
  return [{ table: relationName(relation), mode }, ...others];
}

function commandMode(subtype: string, isConcurrent: boolean | undefined): LockMode {
  if (subtype === 'AT_DetachPartition' && !isConcurrent) return 'ACCESS EXCLUSIVE';
  if (WEAK.test(subtype)) return 'SHARE UPDATE EXCLUSIVE';
  return TRIGGERS.test(subtype) ? 'SHARE ROW EXCLUSIVE' : 'ACCESS EXCLUSIVE';
}

const WEAK =
  /^AT_(?:ValidateConstraint|SetStatistics|SetOptions|ResetOptions|SetRelOptions|ResetRelOptions|ClusterOn|DropCluster|AttachPartition|DetachPartition|DetachPartitionFinalize)$/;
const TRIGGERS = /^AT_(?:Enable|Disable)(?:Always|Replica)?Trig/;
