import { as, relationName, showName } from '../ast.ts';
import { findRelation } from '../catalog/catalog.ts';
import { locksOf } from '../locks.ts';
import type { StatementRule } from './context.ts';

export const transactionNesting: StatementRule = {
  id: 'transaction-nesting',
  severity: 'error',
  summary: 'begin, commit or rollback in a file',
  why: 'The runner gives each file its transaction and records it as applied in the same one; a file that ends it would be neither done nor undone. `up` refuses the file.',
  rewrite:
    'Remove it. Statements that cannot be in a transaction get none by themselves; -- ops: no-transaction makes each statement its own.',
  bad: 'commit;',
  good: 'select 1;',
  check({ statement, report }) {
    if (statement.refusal?.isTransactionControl) report({ message: statement.refusal.reason });
  },
};

export const refusedStatement: StatementRule = {
  id: 'refused-statement',
  severity: 'error',
  summary: 'a statement that the runner does not run',
  why: '`up` refuses the file before it runs anything.',
  rewrite: 'See the message.',
  bad: 'copy orders from stdin;',
  good: "insert into orders (id, note) values (1, 'a'), (2, 'b');",
  check({ statement, report }) {
    const { refusal } = statement;
    if (!refusal || refusal.isTransactionControl) return;
    report({ message: refusal.reason, rewrite: `-- ${refusal.hint}` });
  },
};

export const requireLockTimeout: StatementRule = {
  id: 'require-lock-timeout',
  severity: 'off',
  summary: 'a blocking lock without lock_timeout',
  why: 'While it waits for its lock, all others queue behind it. Off by default: the runner sets lock_timeout itself (2 s, option timeouts.lock) and tries again. Switch it on when something else runs the files.',
  rewrite: "set lock_timeout = '2s'; before it.",
  bad: 'alter table orders add column note text;',
  good: "set lock_timeout = '2s';\nalter table orders add column note text;",
  url: 'https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LOCK-TIMEOUT',
  check({ node, catalog, hasLockTimeout, isExisting, report }) {
    if (hasLockTimeout) return;
    const lock = locksOf(node, catalog).find(
      ({ mode, table }) => mode !== 'SHARE UPDATE EXCLUSIVE' && isExisting(table),
    );
    if (!lock) return;
    report({
      message: `the statement may wait for ${lock.mode} on ${showName(lock.table)} with all others behind it`,
      lock: `${lock.mode} on ${showName(lock.table)}`,
    });
  },
};

export const requireTableSchema: StatementRule = {
  id: 'require-table-schema',
  on: ['CreateStmt'],
  severity: 'off',
  summary: 'a table made without naming its schema',
  why: 'Where it is made depends on the search_path of whoever runs the file. Off by default: most folders have one schema.',
  rewrite: 'Write the schema: create table public.orders ….',
  bad: 'create table orders (id bigint generated always as identity primary key);',
  good: 'create table public.orders (id bigint generated always as identity primary key);',
  check({ node, report }) {
    const range = as(node, 'CreateStmt')?.relation;
    if (!range || range.schemaname !== undefined || range.relpersistence === 't') return;
    report({
      message: `table ${showName(relationName(range))} is made in whatever schema comes first`,
      at: range.location,
    });
  },
};

export const identifierTooLong: StatementRule = {
  id: 'identifier-too-long',
  severity: 'error',
  summary: 'a name longer than 63 bytes',
  why: 'PostgreSQL cuts it off without an error; two long names that begin alike become one.',
  rewrite: 'Choose a name of at most 63 bytes.',
  bad: `create table orders_that_were_refunded_by_the_accounting_department_in_europe (id bigint generated always as identity primary key);`,
  good: 'create table refunded_orders_europe (id bigint generated always as identity primary key);',
  url: 'https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS',
  check({ statement, report }) {
    const long = statement.statement.tokens.find(({ kind, text }) => {
      if (kind !== 'word' && kind !== 'quoted') return false;
      if (text.length < 22) return false;
      const name = kind === 'quoted' ? text.slice(1, -1).replaceAll('""', '"') : text;
      return Buffer.byteLength(name) > 63;
    });
    if (!long) return;
    const bytes = Buffer.byteLength(long.text) - (long.kind === 'quoted' ? 2 : 0);
    report({
      message: `the name ${long.text} has ${bytes} bytes and is cut off after 63`,
      at: long.text,
    });
  },
};

export const attachPartitionWithoutCheck: StatementRule = {
  id: 'attach-partition-without-check',
  on: ['AlterTableStmt'],
  severity: 'warning',
  summary: 'attach partition of a table in use without a check that proves its bounds',
  why: 'All rows of the new partition are read while reads and writes of it wait. A valid check constraint that implies the bounds makes that unnecessary.',
  lock: 'ACCESS EXCLUSIVE on the new partition while all its rows are read',
  rewrite:
    'Add the bounds as a check not valid, validate it in a later file, attach, drop the check.',
  bad: "alter table measurements attach partition measurements_2019 for values from ('2019-01-01') to ('2020-01-01');",
  good: `-- file: 1_check.sql
alter table measurements_2019 add constraint bounds check (at >= '2019-01-01' and at < '2020-01-01') not valid;
-- file: 2_validate.sql
alter table measurements_2019 validate constraint bounds;
-- file: 3_attach.sql
alter table measurements attach partition measurements_2019 for values from ('2019-01-01') to ('2020-01-01');`,
  url: 'https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE',
  check({ node, catalog, isExisting, report }) {
    const statement = as(node, 'AlterTableStmt');
    if (statement?.objtype !== 'OBJECT_TABLE') return;
    for (const command of statement.cmds ?? []) {
      const { subtype, def } = as(command, 'AlterTableCmd') ?? {};
      const partition = subtype === 'AT_AttachPartition' ? as(def, 'PartitionCmd') : undefined;
      const table = relationName(partition?.name);
      if (!partition || partition.bound?.is_default || !isExisting(table)) continue;
      const checks = findRelation(catalog, table)?.constraints ?? [];
      if (checks.some(({ kind, isValid }) => kind === 'check' && isValid)) continue;
      report({
        message: `all rows of ${showName(table)} are read while reads and writes of it wait`,
        at: partition.name?.location,
        lock: `ACCESS EXCLUSIVE on ${showName(table)} while all its rows are read`,
      });
    }
  },
};
