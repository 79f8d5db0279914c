import type { AlterTableCmd, AlterTableStmt } from 'libpg-query';
import { as, fingerprint, type Name, relationName, typeOf } from '../ast.ts';
import {
  type Catalog,
  findRelation,
  indexesOf,
  keyOf,
  type Place,
  type Relation,
  schemaFor,
} from './catalog.ts';
import {
  columnConstraints,
  constraintIndex,
  readColumn,
  readConstraint,
} from './read-definition.ts';

/** Replays `alter table`. A table that no file has made is taken to have been there before. */
export function alterTable(catalog: Catalog, statement: AlterTableStmt, place: Place): void {
  if (statement.relation === undefined) return;
  const name = relationName(statement.relation);
  const relation = findRelation(catalog, name) ?? assume(catalog, name);
  for (const command of statement.cmds ?? []) {
    const fields = as(command, 'AlterTableCmd');
    if (fields) COMMANDS[fields.subtype ?? '']?.(catalog, relation, fields, place);
  }
}

function assume(catalog: Catalog, { schema, name }: Name): Relation {
  const relation: Relation = {
    schema: schemaFor(catalog, { schema, name }),
    name,
    kind: 'table',
    made: { file: '', fileIndex: -1, line: 0, statement: 0, transaction: '' },
    columns: new Map(),
    hasAllColumns: false,
    constraints: [],
    isPartitioned: false,
    isTemporary: false,
    isAssumed: true,
    fingerprint: '',
  };
  catalog.relations.set(keyOf(relation.schema, name), relation);
  return relation;
}

type Command = (catalog: Catalog, relation: Relation, command: AlterTableCmd, place: Place) => void;

const COMMANDS: Readonly<Record<string, Command>> = {
  AT_AddColumn: addColumn,
  AT_DropColumn: dropColumn,
  AT_AddConstraint(catalog, relation, { def }, place) {
    addConstraint(catalog, relation, as(def, 'Constraint') ?? {}, place);
  },
  AT_DropConstraint: (catalog, relation, { name = '' }) => dropConstraint(catalog, relation, name),
  AT_ValidateConstraint(_, relation, { name }) {
    const constraint = relation.constraints.find((each) => each.name === name);
    if (!constraint) return;
    constraint.isValid = true;
    if (constraint.kind === 'not null') setNotNull(relation, constraint.columns, true);
  },
  AT_SetNotNull: (_, relation, { name = '' }) => setNotNull(relation, [name], true),
  AT_DropNotNull(_, relation, { name = '' }) {
    setNotNull(relation, [name], false);
    relation.constraints = relation.constraints.filter(
      ({ kind, columns }) => !(kind === 'not null' && columns.includes(name)),
    );
  },
  AT_AlterColumnType(_, relation, { name = '', def }) {
    const column = relation.columns.get(name);
    if (column) column.type = typeOf(as(def, 'ColumnDef')?.typeName);
  },
  AT_ColumnDefault(_, relation, { name = '', def }) {
    const column = relation.columns.get(name);
    if (column) column.default = def && fingerprint(def);
  },
};

function addColumn(
  catalog: Catalog,
  relation: Relation,
  { def }: AlterTableCmd,
  place: Place,
): void {
  const definition = as(def, 'ColumnDef');
  const name = definition?.colname;
  if (!definition || name === undefined || relation.columns.has(name)) return;
  relation.columns.set(name, readColumn(definition, place));
  for (const each of columnConstraints(definition)) {
    addConstraint(catalog, relation, each, place, name);
  }
}

function addConstraint(
  catalog: Catalog,
  relation: Relation,
  node: Parameters<typeof readConstraint>[0],
  place: Place,
  column?: string,
): void {
  const constraint = readConstraint(node, relation, place, column);
  if (constraint === undefined) return;
  const used = node.indexname
    ? catalog.indexes.get(keyOf(relation.schema, node.indexname))
    : undefined;
  const columns = used ? used.columns : constraint.columns;
  relation.constraints.push({ ...constraint, columns });
  if (constraint.kind === 'primary') setNotNull(relation, columns, true);
  if (constraint.kind === 'not null' && constraint.isValid) setNotNull(relation, columns, true);
  if (node.indexname !== undefined) {
    // The index takes the constraint's name.
    if (!used) return;
    catalog.indexes.delete(keyOf(used.schema, used.name));
    used.name = constraint.name;
    used.constraint = constraint.name;
    catalog.indexes.set(keyOf(used.schema, used.name), used);
    return;
  }
  const index = constraintIndex(relation, constraint);
  if (index) catalog.indexes.set(keyOf(index.schema, index.name), index);
}

function dropColumn(catalog: Catalog, relation: Relation, { name = '' }: AlterTableCmd): void {
  relation.columns.delete(name);
  relation.constraints = relation.constraints.filter(({ columns }) => !columns.includes(name));
  for (const index of indexesOf(catalog, relation)) {
    if (index.columns.includes(name)) catalog.indexes.delete(keyOf(index.schema, index.name));
  }
  catalog.gone.add(`${relation.name}.${name}`);
}

function dropConstraint(catalog: Catalog, relation: Relation, name: string): void {
  const gone = relation.constraints.find((each) => each.name === name);
  relation.constraints = relation.constraints.filter((each) => each !== gone);
  const key = keyOf(relation.schema, name);
  if (catalog.indexes.get(key)?.constraint === name) catalog.indexes.delete(key);
  if (gone?.kind === 'not null') setNotNull(relation, gone.columns, false);
}

function setNotNull(relation: Relation, columns: readonly string[], isNotNull: boolean): void {
  for (const name of columns) {
    const column = relation.columns.get(name);
    if (column) column.isNotNull = isNotNull;
  }
}
