import type { CreateStmt, IndexStmt, Node } from 'libpg-query';
import {
  allOf,
  as,
  fingerprint,
  type Name,
  nameOf,
  relationName,
  showName,
  showType,
  typeOf,
} from '../ast.ts';
import {
  type Catalog,
  findRelation,
  isMentioned,
  keyOf,
  lookUp,
  type Place,
  type Relation,
  schemaFor,
  showPlace,
} from '../catalog/catalog.ts';
import { readIndex } from '../catalog/read-definition.ts';
import type { Draft, RuleContext, StatementRule } from './context.ts';

export const ifNotExistsNameCollision: StatementRule = {
  id: 'if-not-exists-name-collision',
  on: ['CreateStmt', 'IndexStmt', 'AlterTableStmt', 'CreateTableAsStmt'],
  severity: 'error',
  summary: 'if not exists, where something of that name but another shape is already there',
  why: 'PostgreSQL says nothing and does nothing: what the file describes never comes to be, and later files fail on what is missing.',
  rewrite: 'Alter what is there, or choose another name.',
  bad: `-- file: 1_runs.sql
create table if not exists runs (id bigint generated always as identity primary key, status text);
-- file: 2_runs_again.sql
create table if not exists runs (id bigint generated always as identity primary key, started_at timestamptz);`,
  good: `-- file: 1_runs.sql
create table if not exists runs (id bigint generated always as identity primary key, status text);
-- file: 2_started_at.sql
alter table runs add column if not exists started_at timestamptz;`,
  check(context) {
    const { node, report } = context;
    const table = as(node, 'CreateStmt');
    const index = as(node, 'IndexStmt');
    if (table?.if_not_exists) reportAll(report, tableCollision(context, table));
    else if (index?.if_not_exists) reportAll(report, indexCollision(context, index));
    else {
      reportAll(report, columnCollisions(context));
      reportAll(report, queryCollision(context));
    }
  },
};

function reportAll(report: (draft: Draft) => void, drafts: readonly Draft[]): void {
  for (const draft of drafts) report(draft);
}

function tableCollision({ catalog }: RuleContext, statement: CreateStmt): Draft[] {
  const name = relationName(statement.relation);
  const at = statement.relation?.location;
  const taken = takenBy(catalog, name);
  if (!taken) return [];
  if (!('columns' in taken.by) || !('hasAllColumns' in taken.by)) {
    return [
      {
        message: `${showName(name)} is ${taken.what} (${showPlace(taken.by.made)}), so no table is made`,
        at,
      },
    ];
  }
  const { by } = taken;
  if (by.kind !== 'table') {
    return [
      {
        message: `${showName(name)} is a ${by.kind} (${showPlace(by.made)}), so no table is made`,
        at,
      },
    ];
  }
  const differences = allOf(statement.tableElts, 'ColumnDef').flatMap((column) => {
    const present = by.columns.get(column.colname ?? '');
    const type = showType(typeOf(column.typeName));
    if (!present)
      return by.hasAllColumns && !isMentioned(catalog, column.colname ?? '')
        ? [`it has no ${column.colname ?? ''}`]
        : [];
    const was = showType(present.type);
    return was === type ? [] : [`${column.colname ?? ''} is ${was}, not ${type}`];
  });
  if (differences.length === 0) return [];
  const shown = [
    ...differences.slice(0, 3),
    ...(differences.length > 3 ? [`${differences.length - 3} more`] : []),
  ];
  return [
    {
      message: `table ${showName(name)} exists already (${showPlace(by.made)}) with another shape, so this does nothing: ${shown.join('; ')}`,
      at,
    },
  ];
}

function indexCollision({ catalog, place }: RuleContext, statement: IndexStmt): Draft[] {
  if (statement.idxname === undefined) return [];
  const target = relationName(statement.relation);
  const table = findRelation(catalog, target) ?? {
    schema: schemaFor(catalog, target),
    name: target.name,
  };
  const made = readIndex(catalog, statement, table, place);
  const taken = takenBy(catalog, { schema: table.schema, name: statement.idxname });
  if (!taken || ('fingerprint' in taken.by && taken.by.fingerprint === made.fingerprint)) return [];
  const message = `${taken.what} ${statement.idxname} exists already (${showPlace(taken.by.made)}) with another definition, so this index is not made`;
  return [{ message, at: statement.idxname }];
}

/** What has the name among tables, views, sequences and indexes, which share their names. */
function takenBy(
  catalog: Catalog,
  name: Name,
): { what: string; by: Relation | { made: Place; fingerprint: string } } | undefined {
  const key = keyOf(schemaFor(catalog, name), name.name);
  const relation = catalog.relations.get(key);
  if (relation && !relation.isAssumed) return { what: relation.kind, by: relation };
  const index = catalog.indexes.get(key);
  return index && { what: 'index', by: index };
}

function columnCollisions({ node, catalog }: RuleContext): Draft[] {
  const statement = as(node, 'AlterTableStmt');
  const table = relationName(statement?.relation);
  const relation = statement && findRelation(catalog, table);
  return allOf(statement?.cmds, 'AlterTableCmd').flatMap(
    ({ subtype, missing_ok, def }): Draft[] => {
      const column = as(def, 'ColumnDef');
      const present = relation?.columns.get(column?.colname ?? '');
      if (subtype !== 'AT_AddColumn' || !missing_ok || !column || !present) return [];
      const [was, wanted] = [showType(present.type), showType(typeOf(column.typeName))];
      if (was === wanted) return [];
      const message = `column ${present.name} of ${showName(table)} exists already (${showPlace(present.made)}) as ${was}, so it does not become ${wanted}`;
      return [{ message, at: column.location }];
    },
  );
}

function queryCollision({ node, catalog }: RuleContext): Draft[] {
  const statement = as(node, 'CreateTableAsStmt');
  const name = relationName(statement?.into?.rel);
  const taken = statement?.if_not_exists ? takenBy(catalog, name) : undefined;
  if (
    !taken ||
    ('fingerprint' in taken.by && taken.by.fingerprint === fingerprint(statement?.query))
  )
    return [];
  const message = `${taken.what} ${showName(name)} exists already (${showPlace(taken.by.made)}) with another definition, so this does nothing`;
  return [{ message, at: statement?.into?.rel?.location }];
}

export const objectAlreadyExists: StatementRule = {
  id: 'object-already-exists',
  on: [
    'CreateStmt',
    'CreateForeignTableStmt',
    'ViewStmt',
    'CreateTableAsStmt',
    'IndexStmt',
    'CreateEnumStmt',
    'CreateDomainStmt',
    'AlterTableStmt',
  ],
  severity: 'error',
  summary: 'something made that an earlier file, or statement, has made',
  why: 'PostgreSQL refuses it when it runs (42P07, 42701, 42710), so the file cannot be applied.',
  rewrite: 'Remove it, or choose another name.',
  bad: `create table runs (id bigint generated always as identity primary key);
create table runs (id bigint generated always as identity primary key);`,
  good: 'create table runs (id bigint generated always as identity primary key);',
  check({ node, catalog, report }) {
    const made = madeBy(node);
    if (made && !isMentioned(catalog, made.name.name)) {
      const name = made.isIndex ? inSchemaOf(catalog, node, made.name) : made.name;
      const taken = made.isType ? typeNamed(catalog, name) : takenBy(catalog, name);
      if (taken)
        report({
          message: `${taken.what} ${showName(made.name)} exists already (${showPlace(taken.by.made)})`,
          at: made.name.name,
        });
    }
    const alter = as(node, 'AlterTableStmt');
    const relation = alter && findRelation(catalog, relationName(alter.relation));
    for (const { subtype, missing_ok, def } of allOf(alter?.cmds, 'AlterTableCmd')) {
      const column = as(def, 'ColumnDef');
      const present = relation?.columns.get(column?.colname ?? '');
      if (
        subtype !== 'AT_AddColumn' ||
        missing_ok ||
        !present ||
        isMentioned(catalog, present.name)
      )
        continue;
      report({
        message: `column ${present.name} exists already (${showPlace(present.made)})`,
        at: column?.location,
      });
    }
  },
};

interface Made {
  readonly name: Name;
  readonly isType?: boolean;
  readonly isIndex?: boolean;
}

/** What the statement makes and must not be there yet. */
function madeBy(node: Node): Made | undefined {
  const table = as(node, 'CreateStmt') ?? as(node, 'CreateForeignTableStmt')?.base;
  if (table)
    return table.if_not_exists || table.relation?.relpersistence === 't'
      ? undefined
      : { name: relationName(table.relation) };
  const view = as(node, 'ViewStmt');
  if (view)
    return view.replace || view.view?.relpersistence === 't'
      ? undefined
      : { name: relationName(view.view) };
  const query = as(node, 'CreateTableAsStmt');
  if (query)
    return query.if_not_exists || query.into?.rel?.relpersistence === 't'
      ? undefined
      : { name: relationName(query.into?.rel) };
  const index = as(node, 'IndexStmt');
  if (index) {
    if (index.if_not_exists || index.concurrent || index.idxname === undefined) return undefined;
    return { name: { schema: index.relation?.schemaname, name: index.idxname }, isIndex: true };
  }
  const type = as(node, 'CreateEnumStmt')?.typeName ?? as(node, 'CreateDomainStmt')?.domainname;
  return type && { name: nameOf(type), isType: true };
}

/** An index is made in the schema of its table. */
function inSchemaOf(catalog: Catalog, node: Node, { name }: Name): Name {
  const table = findRelation(catalog, relationName(as(node, 'IndexStmt')?.relation));
  return { schema: table?.schema, name };
}

function typeNamed(
  catalog: Catalog,
  name: Name,
): { what: string; by: { made: Place } } | undefined {
  const type = lookUp(catalog.types, { ...catalog, searchPath: [schemaFor(catalog, name)] }, name);
  return type && { what: type.kind === 'domain' ? 'domain' : 'type', by: type };
}
