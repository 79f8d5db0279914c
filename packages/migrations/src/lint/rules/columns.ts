import { as, showName, sqlName, typeOf } from '../ast.ts';
import { findRelation, isProvenNotNull, lookUp } from '../catalog/catalog.ts';
import { isSerial } from '../catalog/read-definition.ts';
import { addedColumns, alterationOf, DOCS, type NewColumn, type StatementRule } from './context.ts';
import { volatileCall } from './volatility.ts';

export const addingNotNullableField: StatementRule = {
  id: 'adding-not-nullable-field',
  on: ['AlterTableStmt'],
  severity: 'error',
  summary: 'set not null without a valid check that proves it',
  why: 'Every row is read while reads and writes wait.',
  lock: 'ACCESS EXCLUSIVE on the table while all rows are read: reads and writes wait',
  rewrite:
    'Add a check (… is not null) not valid, validate it in a later file, then set not null: PostgreSQL 12 and later believe the check.',
  bad: 'alter table orders alter column total set not null;',
  good: `-- file: 1_check.sql
alter table orders add constraint orders_total_not_null check (total is not null) not valid;
-- file: 2_validate.sql
alter table orders validate constraint orders_total_not_null;
-- file: 3_not_null.sql
alter table orders alter column total set not null;
alter table orders drop constraint orders_total_not_null;`,
  url: DOCS.alterTable,
  check(context) {
    const { table, commands = [] } = alterationOf(context) ?? {};
    const relation = table && findRelation(context.catalog, table);
    const column = (name: string): string => sqlName({ schema: undefined, name });
    for (const { subtype, name = '' } of commands) {
      if (subtype !== 'AT_SetNotNull' || !table) continue;
      if (relation && context.serverVersion >= 12 && isProvenNotNull(relation, name)) continue;
      const check = column(`${table.name}_${name}_not_null`);
      const alter = `alter table ${sqlName(table)}`;
      context.report({
        message: `all rows of ${showName(table)} are read for nulls in ${name} while reads and writes wait`,
        at: name,
        lock: `ACCESS EXCLUSIVE on ${showName(table)} while all rows are read`,
        rewrite:
          context.serverVersion >= 18
            ? `${alter} add constraint ${check} not null ${column(name)} not valid;\n-- in a later file:\n${alter} validate constraint ${check};`
            : `${alter} add constraint ${check} check (${column(name)} is not null) not valid;\n-- in a second file:\n${alter} validate constraint ${check};\n-- in a third file:\n${alter} alter column ${column(name)} set not null;\n${alter} drop constraint ${check};`,
      });
    }
  },
};

export const addingRequiredField: StatementRule = {
  id: 'adding-required-field',
  on: ['AlterTableStmt'],
  severity: 'error',
  summary: 'a new column that is not null and has no default',
  why: 'It fails when the table has a row, and afterwards every insert of the running release fails.',
  rewrite: 'Give it a default, or add it nullable, fill it, and set not null later.',
  bad: 'alter table orders add column currency text not null;',
  good: "alter table orders add column currency text not null default 'EUR';",
  url: DOCS.alterTable,
  check(context) {
    for (const { table, column, constraints } of addedColumns(context)) {
      const has = (...kinds: string[]): boolean =>
        constraints.some(({ contype }) => kinds.includes(contype ?? ''));
      if (!has('CONSTR_NOTNULL', 'CONSTR_PRIMARY')) continue;
      if (has('CONSTR_DEFAULT', 'CONSTR_GENERATED', 'CONSTR_IDENTITY')) continue;
      // A primary key has a rule of its own.
      if (!has('CONSTR_NOTNULL') || isSerial(typeOf(column.typeName).name)) continue;
      context.report({
        message: `column ${column.colname ?? ''} is not null without a default, which fails when ${showName(table)} has a row`,
        at: column.location,
        rewrite: `alter table ${sqlName(table)} add column ${sqlName({ schema: undefined, name: column.colname ?? '' })} … not null default …;`,
      });
    }
  },
};

export const addingFieldWithDefault: StatementRule = {
  id: 'adding-field-with-default',
  on: ['AlterTableStmt'],
  severity: 'error',
  summary:
    'a new column whose value has to be computed for each row: a volatile default, generated stored, or a domain with constraints',
  why: 'The table is rewritten while reads and writes wait. A constant default needs no rewrite since PostgreSQL 11.',
  lock: 'ACCESS EXCLUSIVE on the table while it is rewritten: reads and writes wait',
  rewrite:
    'Add the column without a default, set the default for new rows, and fill the old rows in batches.',
  bad: 'alter table orders add column token uuid default gen_random_uuid();',
  good: `alter table orders add column token uuid;
alter table orders alter column token set default gen_random_uuid();`,
  url: DOCS.alterTable,
  check(context) {
    for (const added of addedColumns(context)) {
      const reason = rewriteReason(added, context);
      if (reason === undefined) continue;
      const { table, column } = added;
      context.report({
        message: `${reason}, so all rows of ${showName(table)} are rewritten for column ${column.colname ?? ''}`,
        at: column.location,
        lock: `ACCESS EXCLUSIVE on ${showName(table)} while it is rewritten`,
        rewrite: `alter table ${sqlName(table)} add column ${sqlName({ schema: undefined, name: column.colname ?? '' })} …;\n-- then the default by itself, and the old rows in batches`,
      });
    }
  },
};

function rewriteReason(
  { column, constraints }: NewColumn,
  { catalog, serverVersion }: Parameters<StatementRule['check']>[0],
): string | undefined {
  for (const { contype, raw_expr, generated_kind } of constraints) {
    if (contype === 'CONSTR_GENERATED' && generated_kind !== 'v')
      return 'a stored generated value is computed';
    if (contype !== 'CONSTR_DEFAULT') continue;
    if (serverVersion < 11) return 'a default is written';
    const call = volatileCall(catalog, raw_expr);
    if (call !== undefined) return `the default ${call}() may differ from row to row`;
  }
  const type = typeOf(column.typeName);
  const domain = lookUp(catalog.types, catalog, type);
  return domain?.hasConstraint ? `domain ${type.name} has a constraint to be checked` : undefined;
}

export const addingAutoIncrementField: StatementRule = {
  id: 'adding-auto-increment-field',
  on: ['AlterTableStmt'],
  severity: 'error',
  summary: 'a new serial or identity column on a table that is in use',
  why: 'Every row gets a number of its own, for which the table is rewritten while reads and writes wait.',
  lock: 'ACCESS EXCLUSIVE on the table while it is rewritten: reads and writes wait',
  rewrite:
    'Add a plain column, give it the default nextval(…) of a new sequence, fill the old rows in batches.',
  bad: 'alter table orders add column position bigint generated always as identity;',
  good: `create sequence orders_position_seq;
alter table orders add column position bigint;
alter table orders alter column position set default nextval('orders_position_seq');`,
  url: DOCS.alterTable,
  check(context) {
    for (const { table, column, constraints } of addedColumns(context)) {
      const isIdentity = constraints.some(({ contype }) => contype === 'CONSTR_IDENTITY');
      const isKey = constraints.some(({ contype }) => contype === 'CONSTR_PRIMARY');
      // As a primary key it is reported by the rule for these.
      if (isKey || !(isIdentity || isSerial(typeOf(column.typeName).name))) continue;
      const name = sqlName({ schema: undefined, name: column.colname ?? '' });
      const sequence = `${table.name}_${column.colname ?? ''}_seq`;
      context.report({
        message: `column ${column.colname ?? ''} numbers all rows of ${showName(table)}, which rewrites the table`,
        at: column.location,
        lock: `ACCESS EXCLUSIVE on ${showName(table)} while it is rewritten`,
        rewrite: `create sequence ${sequence};\nalter table ${sqlName(table)} add column ${name} bigint;\nalter table ${sqlName(table)} alter column ${name} set default nextval('${sequence}');`,
      });
    }
  },
};

export const rewritingTable: StatementRule = {
  id: 'rewriting-table',
  on: ['AlterTableStmt', 'AlterTableMoveAllStmt'],
  severity: 'error',
  summary:
    'logged or unlogged, tablespace, access method, or a generated expression changed on a table that is in use',
  why: 'The table is written anew while reads and writes wait.',
  lock: 'ACCESS EXCLUSIVE on the table while it is rewritten: reads and writes wait',
  rewrite: 'Make a new table with that property and move the rows in batches, or use pg_repack.',
  bad: 'alter table orders set unlogged;',
  good: 'create unlogged table orders_import (id bigint generated always as identity primary key, raw jsonb);',
  url: DOCS.alterTable,
  check(context) {
    const { table, commands = [] } = alterationOf(context) ?? {};
    for (const { subtype = '', name } of commands) {
      const what = REWRITES[subtype];
      if (!what || !table) continue;
      context.report({
        message: `${what} writes ${showName(table)} anew while reads and writes wait`,
        at: name,
        lock: `ACCESS EXCLUSIVE on ${showName(table)} while it is rewritten`,
      });
    }
    const isAll = as(context.node, 'AlterTableMoveAllStmt');
    if (isAll) context.report({ message: 'all tables of a tablespace are written anew' });
  },
};

const REWRITES: Readonly<Record<string, string>> = {
  AT_SetLogged: 'set logged',
  AT_SetUnLogged: 'set unlogged',
  AT_SetTableSpace: 'set tablespace',
  AT_SetAccessMethod: 'set access method',
  AT_SetExpression: 'set expression',
};
