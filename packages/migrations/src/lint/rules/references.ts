import type { Node, RangeVar } from 'libpg-query';
import {
  allOf,
  as,
  findAll,
  type Name,
  nameOf,
  objectName,
  relationName,
  showName,
  textsOf,
  typeOf,
  walk,
} from '../ast.ts';
import {
  type Catalog,
  findRelation,
  isMentioned,
  lookUp,
  type Relation,
} from '../catalog/catalog.ts';
import type { Draft, RuleContext, StatementRule } from './context.ts';

export const objectCreatedLater: StatementRule = {
  id: 'object-created-later',
  severity: 'error',
  summary:
    'a table, column, type or trigger function used before the file, or statement, that makes it',
  why: 'On a new database the file fails, since files run in the order of their versions. It only worked where the object had been made by hand.',
  rewrite: 'Give the file that makes it a lower version, or move the statement behind it.',
  bad: `-- file: 1_index.sql
create index concurrently runs_started_at on runs (started_at);
-- file: 2_runs.sql
create table runs (id bigint generated always as identity primary key, started_at timestamptz);`,
  good: `-- file: 1_runs.sql
create table runs (id bigint generated always as identity primary key, started_at timestamptz);
-- file: 2_index.sql
create index concurrently runs_started_at on runs (started_at);`,
  check(context) {
    const { node, catalog, report, declaredLater, madeAgain } = context;
    // Its name is given away, so what takes it afterwards is another.
    const isGivenAway = (name: Name): boolean =>
      (as(node, 'RenameStmt') ?? as(node, 'AlterObjectSchemaStmt')) !== undefined &&
      madeAgain('relation', name);
    for (const { name, location } of relationsUsed(node)) {
      const present = findRelation(catalog, name);
      if (
        (present && !present.isAssumed) ||
        catalog.gone.has(name.name) ||
        isMentioned(catalog, name.name) ||
        isGivenAway(name)
      )
        continue;
      const later = declaredLater('relation', name);
      if (later)
        report({ message: `${showName(name)} is made only later, in ${later}`, at: location });
    }
    for (const missing of missingColumns(context)) {
      const later = declaredLater('column', { ...missing.table, column: missing.column });
      if (!later) continue;
      const { column, table, at } = missing;
      report({
        message: `${showName(table)} has no column ${column} yet; it appears only later, in ${later}`,
        at,
      });
    }
    for (const draft of typesAndRoutines(context)) report(draft);
  },
};

export const unknownColumn: StatementRule = {
  id: 'unknown-column',
  severity: 'error',
  summary: 'a column that a table made by these files does not have',
  why: 'PostgreSQL refuses it when it runs (42703), so the file cannot be applied.',
  rewrite: 'Add the column, or correct its name.',
  bad: `create table runs (id bigint generated always as identity primary key, started_at timestamptz);
create index runs_user on runs (user_id);`,
  good: `create table runs (id bigint generated always as identity primary key, user_id bigint);
create index runs_user on runs (user_id);`,
  check(context) {
    for (const { table, column, at } of missingColumns(context)) {
      if (context.declaredLater('column', { ...table, column })) continue;
      context.report({ message: `${showName(table)} has no column ${column}`, at });
    }
  },
};

/** Relations that have to be there for the statement to succeed. */
function relationsUsed(node: Node): { name: Name; location: number | undefined }[] {
  const own = ownNames(node);
  if (own === undefined) return [];
  const queries = new Set(findAll(node, 'CommonTableExpr').map(({ ctename }) => ctename));
  const found: { name: Name; location: number | undefined }[] = [];
  walk(node, (value) => {
    const range = value as RangeVar;
    const isQuery = range.schemaname === undefined && queries.has(range.relname ?? '');
    if (typeof range.relname === 'string' && !own.includes(value) && !isQuery) {
      found.push({ name: relationName(range), location: range.location });
    }
    // `for update of` names aliases.
    return !('lockedRels' in value);
  });
  const comment = as(node, 'CommentStmt');
  const named = comment?.objtype === 'OBJECT_TABLE' ? objectName(comment.object) : undefined;
  return named ? [...found, { name: named, location: undefined }] : found;
}

/** What the statement makes itself. Undefined when it may be missing without an error. */
function ownNames(node: Node): unknown[] | undefined {
  const optional =
    as(node, 'AlterTableStmt') ?? as(node, 'RenameStmt') ?? as(node, 'AlterObjectSchemaStmt');
  if (optional?.missing_ok || as(node, 'DropStmt')) return undefined;
  return [
    as(node, 'CreateStmt')?.relation,
    as(node, 'CreateForeignTableStmt')?.base?.relation,
    as(node, 'ViewStmt')?.view,
    as(node, 'CreateTableAsStmt')?.into?.rel,
    as(node, 'CreateSeqStmt')?.sequence,
    as(node, 'AlterSeqStmt')?.sequence,
    as(node, 'CompositeTypeStmt')?.typevar,
  ];
}

interface MissingColumn {
  readonly table: Name;
  readonly column: string;
  readonly at: number | string | undefined;
}

const SYSTEM_COLUMNS = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);

/** Columns that the statement needs and the table, of which all columns are known, does not have. */
function missingColumns({ node, catalog }: RuleContext): MissingColumn[] {
  return columnsUsed(node).flatMap(({ table, columns, own }): MissingColumn[] => {
    const relation = findRelation(catalog, table);
    if (!isWhollyKnown(relation)) return [];
    const missing = columns.filter(
      ({ column }) =>
        !relation.columns.has(column) &&
        !own.has(column) &&
        !SYSTEM_COLUMNS.has(column) &&
        !catalog.gone.has(`${relation.name}.${column}`) &&
        !isMentioned(catalog, column),
    );
    const once = new Map(missing.map((each) => [each.column, { table, ...each }]));
    return [...once.values()];
  });
}

function isWhollyKnown(relation: Relation | undefined): relation is Relation {
  return relation?.kind === 'table' && relation.hasAllColumns && !relation.isAssumed;
}

interface ColumnUse {
  readonly table: Name;
  readonly columns: readonly { column: string; at: number | string | undefined }[];
  /** Columns that the statement adds itself. */
  readonly own: ReadonlySet<string>;
}

function columnsUsed(node: Node): ColumnUse[] {
  const named = (names: readonly string[]): ColumnUse['columns'] =>
    names.map((column) => ({ column, at: column }));
  const nothing = new Set<string>();
  const index = as(node, 'IndexStmt');
  if (index) {
    const elements = [...(index.indexParams ?? []), ...(index.indexIncludingParams ?? [])];
    const plain = named(allOf(elements, 'IndexElem').flatMap(({ name }) => name ?? []));
    const columns = [...plain, ...columnRefs([elements, index.whereClause])];
    return [{ table: relationName(index.relation), columns, own: nothing }];
  }
  const insert = as(node, 'InsertStmt') ?? as(node, 'UpdateStmt');
  if (insert) {
    const targets = allOf(
      'cols' in insert ? insert.cols : as(node, 'UpdateStmt')?.targetList,
      'ResTarget',
    );
    const columns = targets.map(({ name = '', location }) => ({ column: name, at: location }));
    return [{ table: relationName(insert.relation), columns, own: nothing }];
  }
  const comment = as(node, 'CommentStmt');
  if (comment?.objtype === 'OBJECT_COLUMN') {
    const parts = textsOf(as(comment.object, 'List')?.items);
    const table = { schema: parts.at(-3), name: parts.at(-2) ?? '' };
    return [{ table, columns: named([parts.at(-1) ?? '']), own: nothing }];
  }
  return [...alteredColumns(node), ...foreignColumns(node)];
}

/** Plain column names in expressions that can only be about one table. */
function columnRefs(tree: unknown): { column: string; at: number | undefined }[] {
  return findAll(tree, 'ColumnRef').flatMap(({ fields, location }) => {
    const [only, ...rest] = textsOf(fields);
    return only !== undefined && rest.length === 0 && fields?.length === 1
      ? [{ column: only, at: location }]
      : [];
  });
}

function alteredColumns(node: Node): ColumnUse[] {
  const statement = as(node, 'AlterTableStmt');
  if (statement?.objtype !== 'OBJECT_TABLE' || statement.missing_ok) return [];
  const commands = allOf(statement.cmds, 'AlterTableCmd');
  const own = new Set(
    commands.flatMap(({ subtype, def }) =>
      subtype === 'AT_AddColumn' ? (as(def, 'ColumnDef')?.colname ?? []) : [],
    ),
  );
  const columns = commands.flatMap(
    ({
      subtype = '',
      name,
      missing_ok,
      def,
    }): { column: string; at: number | string | undefined }[] => {
      if (COLUMN_COMMANDS.test(subtype) && name !== undefined && !missing_ok)
        return [{ column: name, at: name }];
      const constraint = subtype === 'AT_AddConstraint' ? as(def, 'Constraint') : undefined;
      const keys = [...textsOf(constraint?.keys), ...textsOf(constraint?.fk_attrs)];
      return [
        ...keys.map((column) => ({ column, at: column })),
        ...columnRefs(constraint?.raw_expr),
      ];
    },
  );
  return [{ table: relationName(statement.relation), columns, own }];
}

const COLUMN_COMMANDS =
  /^AT_(?:DropColumn|SetNotNull|DropNotNull|AlterColumnType|ColumnDefault|SetStatistics|SetStorage|AddIdentity|SetIdentity|SetExpression|DropExpression)$/;

/** The columns of other tables that foreign keys name. */
function foreignColumns(node: Node): ColumnUse[] {
  const created = as(node, 'CreateStmt');
  const self = relationName(created?.relation);
  return findAll(node, 'Constraint').flatMap(({ contype, pktable, pk_attrs }) => {
    const table = relationName(pktable);
    if (
      contype !== 'CONSTR_FOREIGN' ||
      !pk_attrs ||
      (created && showName(table) === showName(self))
    )
      return [];
    return [
      {
        table,
        columns: textsOf(pk_attrs).map((column) => ({ column, at: column })),
        own: new Set<string>(),
      },
    ];
  });
}

function typesAndRoutines({ node, catalog, declaredLater }: RuleContext): Draft[] {
  const drafts: Draft[] = [];
  for (const { typeName } of findAll(node, 'ColumnDef')) {
    const type = typeOf(typeName);
    if (isKnown(catalog.types, catalog, type)) continue;
    const later = declaredLater('type', type);
    if (later)
      drafts.push({
        message: `type ${showName(type)} is made only later, in ${later}`,
        at: type.location,
      });
  }
  const routine = nameOf(as(node, 'CreateTrigStmt')?.funcname);
  if (routine.name !== '' && !isKnown(catalog.routines, catalog, routine)) {
    const later = declaredLater('routine', routine);
    if (later)
      drafts.push({
        message: `function ${showName(routine)} is made only later, in ${later}`,
        at: routine.name,
      });
  }
  return drafts;
}

function isKnown(map: ReadonlyMap<string, unknown>, catalog: Catalog, name: Name): boolean {
  return (
    lookUp(map, catalog, name) !== undefined ||
    catalog.gone.has(name.name) ||
    isMentioned(catalog, name.name)
  );
}
