import { allOf, showName, sqlName, textsOf } from '../ast.ts';
import { findRelation, indexesOf, isProvenNotNull } from '../catalog/catalog.ts';
import { isSerial } from '../catalog/read-definition.ts';
import {
  addedConstraints,
  alterationOf,
  DOCS,
  type RuleContext,
  type StatementRule,
} from './context.ts';

export const addingForeignKeyConstraint: StatementRule = {
  id: 'adding-foreign-key-constraint',
  on: ['AlterTableStmt'],
  severity: 'error',
  summary: 'a foreign key that is checked at once',
  why: 'Both tables cannot be written until every row has been looked up in the other table, and until the transaction ends.',
  lock: 'SHARE ROW EXCLUSIVE on both tables while all rows are checked: writes wait',
  rewrite: 'Add it not valid, and validate it in a later file, where writes go on.',
  bad: 'alter table orders add constraint orders_user_fk foreign key (user_id) references users (id);',
  good: 'create index concurrently orders_user_id_idx on orders (user_id);\nalter table orders add constraint orders_user_fk foreign key (user_id) references users (id) not valid;',
  url: DOCS.alterTable,
  check(context) {
    for (const { table, constraint, column } of addedConstraints(context)) {
      if (constraint.contype !== 'CONSTR_FOREIGN' || constraint.skip_validation) continue;
      if (constraint.is_enforced === false) continue;
      const other = {
        schema: constraint.pktable?.schemaname,
        name: constraint.pktable?.relname ?? '',
      };
      const columns = column ? [column.colname ?? ''] : textsOf(constraint.fk_attrs);
      const name = constraint.conname ?? `${table.name}_${columns.join('_')}_fkey`;
      const target = textsOf(constraint.pk_attrs);
      // Of a new column without a default PostgreSQL checks no row; it still takes both locks.
      const isEmpty = column && !allOf(column.constraints, 'Constraint').some(hasValue);
      // Then nobody waits who does not wait for the column anyhow.
      if (isEmpty && (showName(other) === showName(table) || !context.isExisting(other))) continue;
      context.report({
        message: isEmpty
          ? `adding the column also stops writes to ${showName(other)}, until the transaction ends`
          : `the foreign key to ${showName(other)} is checked while writes to ${showName(table)} and ${showName(other)} wait`,
        at: constraint.location,
        lock: isEmpty
          ? `ACCESS EXCLUSIVE on ${showName(table)} and SHARE ROW EXCLUSIVE on ${showName(other)}, until the transaction ends`
          : `SHARE ROW EXCLUSIVE on ${showName(table)} and ${showName(other)} while all rows are checked`,
        rewrite: `alter table ${sqlName(table)} add constraint ${quoted(name)} foreign key (${columns.join(', ')}) references ${sqlName(other)}${target.length > 0 ? ` (${target.join(', ')})` : ''} not valid;\n-- in a later file:\nalter table ${sqlName(table)} validate constraint ${quoted(name)};`,
      });
    }
  },
};

function hasValue({ contype }: { contype?: string }): boolean {
  return contype === 'CONSTR_DEFAULT' || contype === 'CONSTR_GENERATED';
}

export const constraintMissingNotValid: StatementRule = {
  id: 'constraint-missing-not-valid',
  on: ['AlterTableStmt'],
  severity: 'error',
  summary: 'a check constraint that is checked at once',
  why: 'Reads and writes wait while every row is read.',
  lock: 'ACCESS EXCLUSIVE on the table while all rows are read: reads and writes wait',
  rewrite: 'Add it not valid, and validate it in a later file, where reads and writes go on.',
  bad: 'alter table orders add constraint orders_total_check check (total >= 0);',
  good: 'alter table orders add constraint orders_total_check check (total >= 0) not valid;',
  url: DOCS.alterTable,
  check(context) {
    for (const { table, constraint, column } of addedConstraints(context)) {
      const isNotNull = constraint.contype === 'CONSTR_NOTNULL' && column === undefined;
      // A check written with a new column is evaluated for every row as well.
      if (constraint.contype !== 'CONSTR_CHECK' && !isNotNull) continue;
      if (constraint.skip_validation || constraint.is_enforced === false) continue;
      const name = constraint.conname ?? `${table.name}_${column?.colname ?? ''}_check`;
      if (isNotNull && isAllProven(context, textsOf(constraint.keys))) continue;
      context.report({
        message: `constraint ${name} is checked while reads and writes of ${showName(table)} wait`,
        at: constraint.location,
        lock: `ACCESS EXCLUSIVE on ${showName(table)} while all rows are read`,
        rewrite: `alter table ${sqlName(table)} add constraint ${quoted(name)} ${isNotNull ? `not null ${textsOf(constraint.keys).join(', ')}` : 'check (…)'} not valid;\n-- in a later file:\nalter table ${sqlName(table)} validate constraint ${quoted(name)};`,
      });
    }
  },
};

function isAllProven(context: RuleContext, columns: readonly string[]): boolean {
  const { table } = alterationOf(context) ?? {};
  const relation = table && findRelation(context.catalog, table);
  return relation !== undefined && columns.every((column) => isProvenNotNull(relation, column));
}

export const validateInSameTransaction: StatementRule = {
  id: 'validate-in-same-transaction',
  on: ['AlterTableStmt'],
  severity: 'error',
  summary: 'a constraint validated in the transaction that adds it',
  why: 'The lock of adding it is held until the transaction ends, so all rows are read under it, and not valid was for nothing.',
  lock: 'The lock of the adding (ACCESS EXCLUSIVE, for a foreign key SHARE ROW EXCLUSIVE) while all rows are read',
  rewrite: 'Validate it in a later file.',
  bad: `alter table orders add constraint orders_total_check check (total >= 0) not valid;
alter table orders validate constraint orders_total_check;`,
  good: `-- file: 1_add.sql
alter table orders add constraint orders_total_check check (total >= 0) not valid;
-- file: 2_validate.sql
alter table orders validate constraint orders_total_check;`,
  url: DOCS.alterTable,
  check(context) {
    const { table, commands = [] } = alterationOf(context) ?? {};
    const relation = table && findRelation(context.catalog, table);
    for (const { subtype, name = '' } of commands) {
      if (subtype !== 'AT_ValidateConstraint' || !table) continue;
      const added = relation?.constraints.find((each) => each.name === name);
      if (added?.made.transaction !== context.place.transaction) continue;
      const mode = added.kind === 'foreign' ? 'SHARE ROW EXCLUSIVE' : 'ACCESS EXCLUSIVE';
      context.report({
        message: `constraint ${name} is validated in the transaction that adds it (line ${added.made.line})`,
        at: name,
        lock: `${mode} on ${showName(table)} while all rows are read`,
        rewrite: `-- in a later file:\nalter table ${sqlName(table)} validate constraint ${quoted(name)};`,
      });
    }
  },
};

export const disallowedUniqueConstraint: StatementRule = {
  id: 'disallowed-unique-constraint',
  on: ['AlterTableStmt'],
  severity: 'error',
  summary: 'a unique constraint that builds its index at once',
  why: 'Reads and writes wait until the index is built.',
  lock: 'ACCESS EXCLUSIVE on the table while the index is built: reads and writes wait',
  rewrite: 'Build a unique index concurrently, then make it the constraint.',
  bad: 'alter table users add constraint users_email_key unique (email);',
  good: `create unique index concurrently users_email_key on users (email);
alter table users add constraint users_email_key unique using index users_email_key;`,
  url: DOCS.alterTable,
  check(context) {
    for (const { table, constraint, column } of addedConstraints(context)) {
      if (constraint.contype !== 'CONSTR_UNIQUE' || constraint.indexname !== undefined) continue;
      const columns = column ? [column.colname ?? ''] : textsOf(constraint.keys);
      const name = constraint.conname ?? `${table.name}_${columns.join('_')}_key`;
      context.report({
        message: `the index of unique constraint ${name} is built while reads and writes of ${showName(table)} wait`,
        at: constraint.location,
        lock: `ACCESS EXCLUSIVE on ${showName(table)} while the index is built`,
        rewrite: `create unique index concurrently ${quoted(name)} on ${sqlName(table)} (${columns.join(', ')});\nalter table ${sqlName(table)} add constraint ${quoted(name)} unique using index ${quoted(name)};`,
      });
    }
  },
};

export const addingPrimaryKey: StatementRule = {
  id: 'adding-serial-primary-key-field',
  on: ['AlterTableStmt'],
  severity: 'error',
  summary: 'a primary key added to a table that is in use',
  why: 'Its index is built, and for a new column every row rewritten, while reads and writes wait.',
  lock: 'ACCESS EXCLUSIVE on the table while the index is built: reads and writes wait',
  rewrite: 'Build a unique index concurrently, then make it the primary key.',
  bad: 'alter table events add primary key (id);',
  good: `create unique index concurrently events_pkey on events (id);
alter table events add constraint events_pkey primary key using index events_pkey;`,
  url: DOCS.alterTable,
  check(context) {
    for (const { table, constraint, column } of addedConstraints(context)) {
      if (constraint.contype !== 'CONSTR_PRIMARY' || constraint.indexname !== undefined) continue;
      const columns = column ? [column.colname ?? ''] : textsOf(constraint.keys);
      const name = quoted(constraint.conname ?? `${table.name}_pkey`);
      const isRewrite = column && isSerial(textsOf(column.typeName?.names).at(-1) ?? '');
      context.report({
        message: `the primary key is built${isRewrite ? ' and every row rewritten' : ''} while reads and writes of ${showName(table)} wait`,
        at: constraint.location,
        lock: `ACCESS EXCLUSIVE on ${showName(table)} while the index is built`,
        rewrite: `create unique index concurrently ${name} on ${sqlName(table)} (${columns.join(', ')});\nalter table ${sqlName(table)} add constraint ${name} primary key using index ${name};`,
      });
    }
  },
};

export const addingExclusionConstraint: StatementRule = {
  id: 'adding-exclusion-constraint',
  on: ['AlterTableStmt'],
  severity: 'error',
  summary: 'an exclusion constraint on a table that is in use',
  why: 'Its index is built and every row compared while reads and writes wait. It can be neither not valid nor built concurrently.',
  lock: 'ACCESS EXCLUSIVE on the table while the index is built: reads and writes wait',
  rewrite: 'Add it while the table is small, or to a new table that takes over.',
  bad: 'alter table bookings add constraint no_overlap exclude using gist (during with &&);',
  good: 'create table bookings (id bigint generated always as identity primary key, during tstzrange, constraint no_overlap exclude using gist (during with &&));',
  url: DOCS.alterTable,
  check(context) {
    for (const { table, constraint } of addedConstraints(context)) {
      if (constraint.contype !== 'CONSTR_EXCLUSION') continue;
      context.report({
        message:
          `the index of exclusion constraint ${constraint.conname ?? ''} is built while reads and writes of ${showName(table)} wait`.replace(
            '  ',
            ' ',
          ),
        at: constraint.location,
        lock: `ACCESS EXCLUSIVE on ${showName(table)} while the index is built`,
      });
    }
  },
};

export const primaryKeyOnNullable: StatementRule = {
  id: 'primary-key-on-nullable',
  on: ['AlterTableStmt'],
  severity: 'error',
  summary: 'a primary key using an index on columns that may be null',
  why: 'PostgreSQL sets them not null, for which it reads every row while reads and writes wait.',
  lock: 'ACCESS EXCLUSIVE on the table while all rows are read: reads and writes wait',
  rewrite:
    'Prove the columns not null first: a check (… is not null) not valid, validated in a later file.',
  bad: `-- file: 1_table.sql
create table events (id bigint, at timestamptz);
-- file: 2_key.sql
create unique index concurrently events_pkey on events (id);
alter table events add constraint events_pkey primary key using index events_pkey;`,
  good: `-- file: 1_table.sql
create table events (id bigint not null, at timestamptz);
-- file: 2_key.sql
create unique index concurrently events_pkey on events (id);
alter table events add constraint events_pkey primary key using index events_pkey;`,
  url: DOCS.alterTable,
  check(context) {
    for (const { table, constraint } of addedConstraints(context)) {
      if (constraint.contype !== 'CONSTR_PRIMARY' || constraint.indexname === undefined) continue;
      const relation = findRelation(context.catalog, table);
      const index =
        relation &&
        indexesOf(context.catalog, relation).find(({ name }) => name === constraint.indexname);
      const open = index?.columns.filter(
        (column) => relation?.columns.has(column) && !isProvenNotNull(relation, column),
      );
      if (!open?.length) continue;
      context.report({
        message: `column ${open.join(', ')} of ${showName(table)} may be null, so all rows are read while reads and writes wait`,
        at: constraint.location,
        lock: `ACCESS EXCLUSIVE on ${showName(table)} while all rows are read`,
        rewrite: open
          .map(
            (column) =>
              `alter table ${sqlName(table)} add constraint ${quoted(`${column}_not_null`)} check (${quoted(column)} is not null) not valid;\n-- in a later file, before the primary key:\nalter table ${sqlName(table)} validate constraint ${quoted(`${column}_not_null`)};`,
          )
          .join('\n'),
      });
    }
  },
};

function quoted(name: string): string {
  return sqlName({ schema: undefined, name });
}
