import type { AlterTableCmd, Node } from 'libpg-query';
import { allOf, as, type Name, type NodeKind, type NodeOf, relationName } from '../ast.ts';
import type { Catalog, Place } from '../catalog/catalog.ts';
import type { DeclarationKind } from '../declarations.ts';
import type { TableLock } from '../locks.ts';
import type { LintStatement } from '../parse-sql.ts';
import type { Rule } from '../rule.ts';

/** A rule that looks at one statement at a time. */
export interface StatementRule extends Rule {
  /** The statements that it has to see. Absent: all. */
  readonly on?: readonly NodeKind[] | undefined;
  check(context: RuleContext): void;
}

/** What a rule sees. The catalog is as it was before the statement. */
export interface RuleContext {
  readonly node: Node;
  readonly statement: LintStatement;
  readonly place: Place;
  readonly catalog: Catalog;
  readonly serverVersion: number;
  /** Locks on existing tables that earlier statements of the same transaction have taken. */
  readonly heldLocks: readonly HeldLock[];
  /** Enum values that earlier statements of the same transaction have added. */
  readonly addedValues: ReadonlyMap<string, AddedValue>;
  /** Whether an earlier statement of the file has set `lock_timeout`. */
  readonly hasLockTimeout: boolean;
  /**
   * Whether a table may have rows and users: it was not made in this file, nor in this run, and is
   * not temporary. A table that no file has made does.
   */
  isExisting(table: Name): boolean;
  /**
   * The place, as `file:line`, where something is made for the first time after this statement.
   * Undefined when that is nowhere, or already before.
   */
  declaredLater(
    kind: DeclarationKind,
    name: Name & { readonly column?: string },
  ): string | undefined;
  /** Whether a later statement of the same transaction makes something of this name. */
  madeAgain(kind: DeclarationKind, name: Name): boolean;
  /** Whether what was made there is new to those who use the database: made in this file or run. */
  isNew(made: Place): boolean;
  report(draft: Draft): void;
  /** Asks again when all files have been replayed; the catalog is then as it is at the end. */
  atEnd(check: () => Draft | undefined): void;
}

export interface HeldLock extends TableLock {
  readonly line: number;
}

export interface AddedValue {
  readonly type: Name;
  readonly line: number;
}

/** A finding before its place is worked out. */
export interface Draft {
  readonly message: string;
  /** Byte offset from the parse tree, or a name to look for in the statement. The whole of it otherwise. */
  readonly at?: number | string | undefined;
  readonly lock?: string | undefined;
  readonly rewrite?: string | undefined;
}

export interface Alteration {
  readonly table: Name;
  readonly commands: readonly AlterTableCmd[];
}

/** What is done to a table that may have rows and users. */
export function alterationOf({ node, isExisting }: RuleContext): Alteration | undefined {
  const statement = as(node, 'AlterTableStmt');
  if (statement?.objtype !== 'OBJECT_TABLE') return undefined;
  const table = relationName(statement.relation);
  if (!isExisting(table)) return undefined;
  return { table, commands: allOf(statement.cmds, 'AlterTableCmd') };
}

export interface NewColumn {
  readonly table: Name;
  readonly column: NodeOf<'ColumnDef'>;
  readonly constraints: readonly NodeOf<'Constraint'>[];
}

/** Columns added to a table that may have rows and users. */
export function addedColumns(context: RuleContext): NewColumn[] {
  const { table, commands = [] } = alterationOf(context) ?? {};
  if (table === undefined) return [];
  return commands.flatMap(({ subtype, def }) => {
    const column = subtype === 'AT_AddColumn' ? as(def, 'ColumnDef') : undefined;
    return column ? [{ table, column, constraints: allOf(column.constraints, 'Constraint') }] : [];
  });
}

export interface NewConstraint {
  readonly table: Name;
  readonly constraint: NodeOf<'Constraint'>;
  /** The column that it is written with. */
  readonly column: NodeOf<'ColumnDef'> | undefined;
}

/** Constraints added to a table that may have rows and users, those written with a column included. */
export function addedConstraints(context: RuleContext): NewConstraint[] {
  const { table, commands = [] } = alterationOf(context) ?? {};
  if (table === undefined) return [];
  const own = commands.flatMap(({ subtype, def }): NewConstraint[] => {
    const constraint = subtype === 'AT_AddConstraint' ? as(def, 'Constraint') : undefined;
    return constraint ? [{ table, constraint, column: undefined }] : [];
  });
  const inline = addedColumns(context).flatMap(({ column, constraints }) =>
    constraints.map((constraint) => ({ table, constraint, column })),
  );
  return [...own, ...inline];
}

/** Every column that the statement makes, in whatever table, and those that it gives a new type. */
export function writtenColumns(node: Node): NodeOf<'ColumnDef'>[] {
  const created =
    as(node, 'CreateStmt')?.tableElts ?? as(node, 'CreateForeignTableStmt')?.base?.tableElts;
  const altered = allOf(as(node, 'AlterTableStmt')?.cmds, 'AlterTableCmd').flatMap(
    ({ subtype, def, name }) => {
      const column = as(def, 'ColumnDef');
      const isTyped = subtype === 'AT_AddColumn' || subtype === 'AT_AlterColumnType';
      return column && isTyped ? [{ ...column, colname: column.colname ?? name ?? '' }] : [];
    },
  );
  return [...allOf(created, 'ColumnDef'), ...altered];
}

export const DOCS = {
  alterTable: 'https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES',
  createIndex:
    'https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY',
  locks: 'https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES',
  avoid: 'https://wiki.postgresql.org/wiki/Don%27t_Do_This',
} as const;
