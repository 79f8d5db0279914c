import type {
  ColumnDef,
  Constraint as ConstraintNode,
  IndexElem,
  IndexStmt,
  Node,
} from 'libpg-query';
import { allOf, as, findAll, fingerprint, relationName, textsOf, typeOf } from '../ast.ts';
import {
  type Catalog,
  type Column,
  type Constraint,
  type ConstraintKind,
  type IndexEntry,
  keyOf,
  type Place,
  type Relation,
} from './catalog.ts';

const KINDS: Readonly<Record<string, ConstraintKind>> = {
  CONSTR_CHECK: 'check',
  CONSTR_FOREIGN: 'foreign',
  CONSTR_UNIQUE: 'unique',
  CONSTR_PRIMARY: 'primary',
  CONSTR_EXCLUSION: 'exclude',
  CONSTR_NOTNULL: 'not null',
};

const SERIAL = /^(?:small|big)?serial[248]?$/;

export function isSerial(name: string): boolean {
  return SERIAL.test(name);
}

/** The constraints written with a column. */
export function columnConstraints(definition: ColumnDef): ConstraintNode[] {
  return allOf(definition.constraints, 'Constraint');
}

export function readColumn(definition: ColumnDef, made: Place): Column {
  const constraints = columnConstraints(definition);
  const type = typeOf(definition.typeName);
  const has = (...kinds: string[]): boolean =>
    constraints.some(({ contype }) => kinds.includes(contype ?? ''));
  const preset = constraints.find(({ contype }) =>
    ['CONSTR_DEFAULT', 'CONSTR_GENERATED'].includes(contype ?? ''),
  );
  return {
    name: definition.colname ?? '',
    type,
    isNotNull: isSerial(type.name) || has('CONSTR_NOTNULL', 'CONSTR_PRIMARY', 'CONSTR_IDENTITY'),
    default: preset && fingerprint(preset.raw_expr),
    made,
  };
}

/** @param column that it is written with. Undefined for what is no constraint to the catalog. */
export function readConstraint(
  node: ConstraintNode,
  relation: Pick<Relation, 'name'>,
  made: Place,
  column?: string,
): Constraint | undefined {
  const kind = KINDS[node.contype ?? ''];
  if (kind === undefined) return undefined;
  const columns = constrainedColumns(node, kind, column);
  return {
    name: node.conname ?? automaticName(kind, relation.name, columns),
    kind,
    columns,
    made,
    location: node.location,
    isValid: node.skip_validation !== true,
    notNull: kind === 'not null' ? columns : kind === 'check' ? provenNotNull(node.raw_expr) : [],
    references: kind === 'foreign' ? relationName(node.pktable) : undefined,
    expression: node.raw_expr,
  };
}

function constrainedColumns(
  node: ConstraintNode,
  kind: ConstraintKind,
  column: string | undefined,
): readonly string[] {
  // Those of a check are what it says, also where it is written with a column.
  if (kind === 'check') {
    const named = findAll(node.raw_expr, 'ColumnRef').flatMap(({ fields }) =>
      textsOf(fields).slice(-1),
    );
    return [...new Set(named)];
  }
  if (column !== undefined) return [column];
  return kind === 'foreign' ? textsOf(node.fk_attrs) : textsOf(node.keys);
}

/** As PostgreSQL names them when nothing is in the way. */
function automaticName(kind: ConstraintKind, table: string, columns: readonly string[]): string {
  const suffix = { check: 'check', foreign: 'fkey', unique: 'key', primary: 'pkey' }[
    kind as 'check'
  ];
  const isUnnamed = kind === 'primary' || (kind === 'check' && columns.length !== 1);
  const middle = isUnnamed ? [] : columns;
  return [table, ...middle, suffix ?? kind.replace(' ', '_')].join('_');
}

/** Columns of which a check says `is not null`, by itself or with `and`. */
function provenNotNull(expression: Node | undefined): string[] {
  const all = as(expression, 'BoolExpr');
  if (all?.boolop === 'AND_EXPR') return (all.args ?? []).flatMap(provenNotNull);
  const test = as(expression, 'NullTest');
  if (test?.nulltesttype !== 'IS_NOT_NULL') return [];
  return textsOf(as(test.arg, 'ColumnRef')?.fields).slice(-1);
}

/** The index that a unique, primary or exclusion constraint makes for itself. */
export function constraintIndex(
  relation: Relation,
  { kind, name, columns, made }: Constraint,
): IndexEntry | undefined {
  if (kind !== 'unique' && kind !== 'primary') return undefined;
  return {
    schema: relation.schema,
    name,
    table: keyOf(relation.schema, relation.name),
    made,
    columns,
    elements: columns.map(plainElement),
    isUnique: true,
    method: 'btree',
    predicate: '',
    hasIncluded: false,
    fingerprint: fingerprint({ kind, columns }),
    constraint: name,
  };
}

/** As the parser gives a column without an order or an operator class. */
function plainElement(name: string): string {
  const order = { ordering: 'SORTBY_DEFAULT', nulls_ordering: 'SORTBY_NULLS_DEFAULT' };
  return fingerprint({ name, ...order });
}

export function readIndex(
  catalog: Catalog,
  definition: IndexStmt,
  relation: Pick<Relation, 'schema' | 'name'>,
  made: Place,
): IndexEntry {
  const elements = allOf(definition.indexParams, 'IndexElem');
  const columns = elements.map(({ name, expr }) => name ?? fingerprint(expr));
  const { unique, nulls_not_distinct, accessMethod, indexIncludingParams, whereClause, options } =
    definition;
  const meaning = {
    table: keyOf(relation.schema, relation.name),
    elements: elements.map(withoutDefaults),
    how: { unique, nulls_not_distinct, accessMethod, options },
    indexIncludingParams,
    whereClause,
  };
  return {
    schema: relation.schema,
    name: definition.idxname ?? freeName(catalog, relation, columns),
    table: keyOf(relation.schema, relation.name),
    made,
    columns,
    elements: elements.map((element) => fingerprint(withoutDefaults(element))),
    isUnique: unique === true,
    method: accessMethod ?? 'btree',
    predicate: whereClause ? fingerprint(whereClause) : '',
    hasIncluded: (indexIncludingParams?.length ?? 0) > 0,
    fingerprint: fingerprint(meaning),
    constraint: undefined,
  };
}

/** `asc` is what an index has anyway. */
function withoutDefaults(element: IndexElem): IndexElem {
  return element.ordering === 'SORTBY_ASC' ? { ...element, ordering: 'SORTBY_DEFAULT' } : element;
}

/** PostgreSQL chooses a name that nobody has, and so never collides. */
function freeName(
  { indexes }: Catalog,
  { schema, name }: Pick<Relation, 'schema' | 'name'>,
  columns: readonly string[],
): string {
  const base = `${name}_${columns.map((each) => (each.startsWith('{') ? 'expr' : each)).join('_')}_idx`;
  for (let count = 0; ; count += 1) {
    const candidate = count === 0 ? base : `${base}${count}`;
    if (!indexes.has(keyOf(schema, candidate))) return candidate;
  }
}
