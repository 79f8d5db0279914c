import type { CreateStmt, DropStmt, IndexStmt, Node, RangeVar, RenameStmt } from 'libpg-query';
import {
  allOf,
  as,
  findAll,
  fingerprint,
  nameOf,
  objectName,
  relationName,
  textsOf,
  walk,
} from '../ast.ts';
import { alterTable } from './alter-table.ts';
import {
  type Catalog,
  findIndex,
  findRelation,
  indexesOf,
  keyOf,
  lookUp,
  type Place,
  type Relation,
  type RelationKind,
  schemaFor,
} from './catalog.ts';
import {
  columnConstraints,
  constraintIndex,
  readColumn,
  readConstraint,
  readIndex,
} from './read-definition.ts';
import { alterDomain, alterEnum, createRoutine, createType } from './replay-types.ts';

/**
 * Brings the catalog to the state after the statement, as if it had succeeded. What it cannot know
 * (`do` blocks, functions called) is kept as opaque text.
 */
export function replay(catalog: Catalog, node: Node, place: Place): void {
  const kind = Object.keys(node)[0] ?? '';
  HANDLERS[kind]?.(catalog, node, place);
}

type Handler = (catalog: Catalog, node: Node, place: Place) => void;

const HANDLERS: Readonly<Record<string, Handler>> = {
  CreateStmt: (catalog, node, place) =>
    createTable(catalog, as(node, 'CreateStmt') ?? {}, 'table', place),
  CreateForeignTableStmt: (catalog, node, place) =>
    createTable(catalog, as(node, 'CreateForeignTableStmt')?.base ?? {}, 'foreign table', place),
  CreateTableAsStmt: (catalog, node, place) => {
    const statement = as(node, 'CreateTableAsStmt');
    const kind = statement?.objtype === 'OBJECT_MATVIEW' ? 'materialized view' : 'table';
    const print = fingerprint(statement?.query);
    makeRelation(catalog, statement?.into?.rel ?? {}, kind, place, print);
  },
  ViewStmt: (catalog, node, place) => {
    const view = as(node, 'ViewStmt');
    const print = fingerprint(view?.query);
    makeRelation(catalog, view?.view ?? {}, 'view', place, print, view?.replace);
  },
  CreateSeqStmt: (catalog, node, place) =>
    makeRelation(catalog, as(node, 'CreateSeqStmt')?.sequence ?? {}, 'sequence', place, ''),
  IndexStmt: (catalog, node, place) => createIndex(catalog, as(node, 'IndexStmt') ?? {}, place),
  AlterTableStmt: (catalog, node, place) =>
    alterTable(catalog, as(node, 'AlterTableStmt') ?? {}, place),
  RenameStmt: (catalog, node) => rename(catalog, as(node, 'RenameStmt') ?? {}),
  AlterObjectSchemaStmt: (catalog, node) => {
    const move = as(node, 'AlterObjectSchemaStmt');
    const relation = move?.relation && findRelation(catalog, relationName(move.relation));
    if (relation && move.newschema) moveRelation(catalog, relation, move.newschema, relation.name);
  },
  DropStmt: (catalog, node) => drop(catalog, as(node, 'DropStmt') ?? {}),
  CreateEnumStmt: createType,
  CreateDomainStmt: createType,
  CompositeTypeStmt: createType,
  CreateRangeStmt: createType,
  AlterEnumStmt: alterEnum,
  AlterDomainStmt: alterDomain,
  CreateFunctionStmt(catalog, node, place) {
    createRoutine(catalog, node, place);
    const body = textsIn(as(node, 'CreateFunctionStmt')?.options);
    // Of others it only matters when they are called, and then they make nothing.
    if (/\b(?:create|alter|execute)\b/i.test(body)) addOpaque(catalog, body);
  },
  CreateSchemaStmt(catalog, node, place) {
    const schema = as(node, 'CreateSchemaStmt');
    const outer = catalog.searchPath;
    if (schema?.schemaname) catalog.searchPath = [schema.schemaname, ...outer];
    for (const each of schema?.schemaElts ?? []) replay(catalog, each, place);
    catalog.searchPath = outer;
  },
  VariableSetStmt(catalog, node) {
    const setting = as(node, 'VariableSetStmt');
    if (setting?.name !== 'search_path') return;
    const schemas = allOf(setting.args, 'A_Const').flatMap(({ sval }) => sval?.sval ?? []);
    setSearchPath(catalog, schemas);
  },
  SelectStmt(catalog, node, place) {
    const select = as(node, 'SelectStmt');
    if (select?.intoClause) makeRelation(catalog, select.intoClause.rel ?? {}, 'table', place, '');
    const [call] = allOf(select?.targetList, 'ResTarget').flatMap(
      ({ val }) => as(val, 'FuncCall') ?? [],
    );
    const [name, value] = allOf(call?.args, 'A_Const').map(({ sval }) => sval?.sval ?? '');
    const isSetting = nameOf(call?.funcname).name === 'set_config' && name === 'search_path';
    if (isSetting) setSearchPath(catalog, (value ?? '').split(','));
    else addOpaque(catalog, textsIn(findAll(node, 'FuncCall')));
  },
  CallStmt: (catalog, node) => addOpaque(catalog, textsIn(node)),
  DoStmt: (catalog, node) => addOpaque(catalog, textsIn(as(node, 'DoStmt')?.args)),
};

/** All strings in a tree. */
function textsIn(tree: unknown): string {
  const texts: string[] = [];
  walk(tree, ({ sval }) => {
    if (typeof sval === 'string') texts.push(sval);
  });
  return texts.join('\n');
}

function addOpaque(catalog: Catalog, text: string): void {
  if (text !== '') catalog.opaque += `${text.toLowerCase()}\n`;
}

function setSearchPath(catalog: Catalog, schemas: readonly string[]): void {
  const named = schemas
    .map((each) => each.trim().replaceAll('"', ''))
    .filter((each) => each !== '' && each !== '$user');
  catalog.searchPath = named.length > 0 ? named : ['public'];
}

function makeRelation(
  catalog: Catalog,
  range: RangeVar,
  kind: RelationKind,
  made: Place,
  print: string,
  replaces = false,
): Relation | undefined {
  const name = relationName(range);
  const isTemporary = range.relpersistence === 't';
  const schema = isTemporary ? 'pg_temp' : schemaFor(catalog, name);
  const key = keyOf(schema, name.name);
  // `if not exists` leaves what is there, and without it the statement would have failed.
  const present = catalog.relations.get(key);
  if (present && !present.isAssumed && !replaces) return undefined;
  const relation: Relation = {
    schema,
    name: name.name,
    kind,
    made: present && !present.isAssumed ? present.made : made,
    isAssumed: false,
    columns: new Map(),
    hasAllColumns: false,
    constraints: [],
    isPartitioned: false,
    isTemporary,
    fingerprint: print,
  };
  catalog.relations.set(key, relation);
  return relation;
}

function createTable(
  catalog: Catalog,
  statement: CreateStmt,
  kind: RelationKind,
  place: Place,
): void {
  const { relation: range, tableElts = [] } = statement;
  const made = makeRelation(catalog, range ?? {}, kind, place, '');
  if (made === undefined) return;
  const columns = allOf(tableElts, 'ColumnDef');
  const table: Relation = {
    ...made,
    columns: new Map(columns.map((each) => [each.colname ?? '', readColumn(each, place)])),
    hasAllColumns:
      !statement.inhRelations?.length &&
      !statement.ofTypename &&
      tableElts.every((each) => !as(each, 'TableLikeClause')),
    isPartitioned: statement.partspec !== undefined,
  };
  catalog.relations.set(keyOf(table.schema, table.name), table);
  const written = [
    ...columns.flatMap((column) =>
      columnConstraints(column).map((each) => readConstraint(each, table, place, column.colname)),
    ),
    ...allOf([...tableElts, ...(statement.constraints ?? [])], 'Constraint').map((each) =>
      readConstraint(each, table, place),
    ),
  ];
  table.constraints = written.flatMap((each) => each ?? []);
  for (const constraint of table.constraints) {
    const index = constraintIndex(table, constraint);
    if (index) catalog.indexes.set(keyOf(index.schema, index.name), index);
    if (constraint.kind !== 'primary') continue;
    for (const column of constraint.columns) setNotNull(table, column);
  }
}

function setNotNull(table: Relation, name: string): void {
  const column = table.columns.get(name);
  if (column) column.isNotNull = true;
}

function createIndex(catalog: Catalog, statement: IndexStmt, place: Place): void {
  const name = relationName(statement.relation);
  const table = findRelation(catalog, name) ?? {
    schema: schemaFor(catalog, name),
    name: name.name,
  };
  const index = readIndex(catalog, statement, table, place);
  const key = keyOf(index.schema, index.name);
  if (!catalog.indexes.has(key)) catalog.indexes.set(key, index);
}

function drop(catalog: Catalog, { removeType, objects = [], behavior }: DropStmt): void {
  for (const object of objects) {
    const name = objectName(object);
    if (removeType === 'OBJECT_INDEX') {
      const index = findIndex(catalog, name);
      if (index) catalog.indexes.delete(keyOf(index.schema, index.name));
    } else if (removeType === 'OBJECT_TYPE' || removeType === 'OBJECT_DOMAIN') {
      const key = keyOf(schemaFor(catalog, name), name.name);
      catalog.types.delete(key);
      catalog.gone.add(name.name);
    } else if (removeType === 'OBJECT_SCHEMA') {
      dropSchema(catalog, name.name);
    } else if (removeType === 'OBJECT_FUNCTION') {
      catalog.routines.delete(keyOf(schemaFor(catalog, name), name.name));
    } else {
      const relation = findRelation(catalog, name);
      if (relation) dropRelation(catalog, relation);
      if (behavior === 'DROP_CASCADE') dropViewsOf(catalog, name.name);
    }
  }
}

/** `cascade` takes the views with it, and the views of these. */
function dropViewsOf(catalog: Catalog, name: string): void {
  const mention = `"relname":${JSON.stringify(name)}`;
  for (const relation of catalog.relations.values()) {
    if (!relation.kind.endsWith('view') || !relation.fingerprint.includes(mention)) continue;
    dropRelation(catalog, relation);
    dropViewsOf(catalog, relation.name);
  }
}

function dropSchema(catalog: Catalog, schema: string): void {
  for (const relation of catalog.relations.values()) {
    if (relation.schema === schema) dropRelation(catalog, relation);
  }
  for (const key of catalog.types.keys()) {
    if (key.startsWith(`${schema}\0`)) catalog.types.delete(key);
  }
}

/** With its indexes. */
export function dropRelation(catalog: Catalog, relation: Relation): void {
  for (const index of indexesOf(catalog, relation)) {
    catalog.indexes.delete(keyOf(index.schema, index.name));
  }
  catalog.relations.delete(keyOf(relation.schema, relation.name));
  catalog.gone.add(relation.name);
}

function moveRelation(catalog: Catalog, relation: Relation, schema: string, name: string): void {
  const indexes = indexesOf(catalog, relation);
  catalog.relations.delete(keyOf(relation.schema, relation.name));
  catalog.gone.add(relation.name);
  relation.schema = schema;
  relation.name = name;
  catalog.relations.set(keyOf(schema, name), relation);
  for (const index of indexes) {
    catalog.indexes.delete(keyOf(index.schema, index.name));
    index.schema = schema;
    index.table = keyOf(schema, name);
    catalog.indexes.set(keyOf(schema, index.name), index);
  }
}

function rename(catalog: Catalog, statement: RenameStmt): void {
  const { renameType, relation: range, subname = '', newname = '' } = statement;
  const relation = range && findRelation(catalog, relationName(range));
  if (renameType === 'OBJECT_INDEX') {
    const index = findIndex(catalog, relationName(range));
    if (!index) return;
    catalog.indexes.delete(keyOf(index.schema, index.name));
    index.name = newname;
    catalog.indexes.set(keyOf(index.schema, newname), index);
  } else if (renameType === 'OBJECT_COLUMN') {
    const column = relation?.columns.get(subname);
    if (!relation || !column) return;
    relation.columns.delete(subname);
    column.name = newname;
    relation.columns.set(newname, column);
    renameInKeys(catalog, relation, subname, newname);
  } else if (renameType === 'OBJECT_TABCONSTRAINT') {
    const constraint = relation?.constraints.find(({ name }) => name === subname);
    if (relation && constraint) {
      const index = lookUp(catalog.indexes, catalog, { schema: relation.schema, name: subname });
      constraint.name = newname;
      if (index)
        rename(catalog, {
          renameType: 'OBJECT_INDEX',
          relation: { schemaname: index.schema, relname: subname },
          newname,
        });
    }
  } else if (renameType === 'OBJECT_TYPE') {
    moveType(catalog, textsOf(as(statement.object, 'List')?.items), newname);
  } else if (relation) {
    moveRelation(catalog, relation, relation.schema, newname);
  }
}

function moveType(catalog: Catalog, parts: readonly string[], newname: string): void {
  const name = { schema: parts.at(-2), name: parts.at(-1) ?? '' };
  const schema = schemaFor(catalog, name);
  const entry = catalog.types.get(keyOf(schema, name.name));
  if (!entry) return;
  catalog.types.delete(keyOf(schema, name.name));
  catalog.types.set(keyOf(schema, newname), entry);
}

/** Indexes and constraints follow their column's name. */
function renameInKeys(catalog: Catalog, relation: Relation, from: string, to: string): void {
  const swap = (columns: readonly string[]): string[] =>
    columns.map((column) => (column === from ? to : column));
  relation.constraints = relation.constraints.map((each) => {
    return { ...each, columns: swap(each.columns), notNull: swap(each.notNull) };
  });
  for (const index of indexesOf(catalog, relation)) {
    const renamed = { ...index, columns: swap(index.columns) };
    catalog.indexes.set(keyOf(index.schema, index.name), renamed);
  }
}
