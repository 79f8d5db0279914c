import type { Node } from 'libpg-query';
import { as, findAll, nameOf, relationName, showName } from '../ast.ts';
import { findRelation } from '../catalog/catalog.ts';
import { alterationOf, DOCS, type RuleContext, type StatementRule } from './context.ts';

export const unbatchedBackfill: StatementRule = {
  id: 'unbatched-backfill',
  on: ['UpdateStmt', 'DeleteStmt'],
  severity: 'error',
  summary: 'all rows of a table that is in use updated or deleted in one statement',
  why: 'Every row stays locked until the last one is written; vacuum cannot clean up meanwhile, the table doubles, replicas fall behind.',
  lock: 'Every row of the table, until the transaction ends',
  rewrite:
    'Do it in batches, each with its own commit: backfill({ table, key, set }) in a TypeScript migration resumes where it was interrupted.',
  bad: "update orders set currency = 'EUR';",
  good: "update orders set currency = 'EUR' where id between 1 and 5000;",
  check({ node, isExisting, report }) {
    const update = as(node, 'UpdateStmt');
    const remove = as(node, 'DeleteStmt');
    const statement = update ?? remove;
    const table = relationName(statement?.relation);
    if (!statement || narrows(statement.whereClause) || !isExisting(table)) return;
    if (update?.fromClause?.length || remove?.usingClause?.length) return;
    report({
      message: `all rows of ${showName(table)} are ${update ? 'updated' : 'deleted'} in one statement`,
      at: statement.relation?.location,
      rewrite: update
        ? `// <version>_backfill.ts\nexport default defineMigration({ up: backfill({ table: '${showName(table)}', key: 'id', set: '…' }) });`
        : `truncate ${showName(table)};  -- when no transaction has to see the rows, and nothing refers to them`,
    });
  },
};

/** Whether a condition can tell rows apart: `where true` and `where 1 = 1` cannot. */
function narrows(condition: Node | undefined): boolean {
  return NARROWING.some((kind) => findAll(condition, kind).length > 0);
}

const NARROWING = ['ColumnRef', 'FuncCall', 'SubLink', 'CurrentOfExpr'] as const;

/** A statement whose time grows with the rows of some table. */
function dataWork(node: Node): string | undefined {
  if (as(node, 'UpdateStmt')) return 'an update';
  if (as(node, 'DeleteStmt')) return 'a delete';
  if (as(node, 'MergeStmt')) return 'a merge';
  const source = as(as(node, 'InsertStmt')?.selectStmt, 'SelectStmt');
  if (findAll(source?.fromClause, 'RangeVar').length > 0) return 'an insert from a query';
  if (as(node, 'IndexStmt')) return 'an index build';
  if (as(node, 'CopyStmt')?.is_from) return 'a copy';
  const created = as(node, 'CreateTableAsStmt');
  if (created && !created.into?.skipData) return 'a query';
  if (findAll(as(node, 'SelectStmt')?.fromClause, 'RangeVar').length > 0) return 'a query';
  return as(node, 'RefreshMatViewStmt') ? 'a refresh' : undefined;
}

export const dataWorkUnderLock: StatementRule = {
  id: 'data-work-under-lock',
  severity: 'error',
  summary:
    'rows written, or an index built, in a transaction that holds an exclusive lock on a table in use',
  why: 'The lock of the earlier statement is held until the transaction ends, so reads and writes wait for this work, too.',
  lock: 'ACCESS EXCLUSIVE of the earlier statement, for as long as this one takes',
  rewrite: 'Put the work into a file of its own: each file is a transaction of its own.',
  bad: `alter table orders add column currency text;
update orders set currency = 'EUR' where created_at > now() - interval '1 year';`,
  good: `-- file: 1_column.sql
alter table orders add column currency text;
-- file: 2_fill.sql
update orders set currency = 'EUR' where created_at > now() - interval '1 year';`,
  url: DOCS.locks,
  check(context) {
    const { node, heldLocks, isExisting, report } = context;
    const held = heldLocks.find(({ mode }) => mode === 'ACCESS EXCLUSIVE');
    const work = held && (validation(context) ?? dataWork(node));
    if (!work) return;
    const index = as(node, 'IndexStmt');
    // On an empty table, which a table of this file is, an index costs nothing.
    if (index && (index.concurrent || !isExisting(relationName(index.relation)))) return;
    report({
      message: `${work} runs while the lock on ${showName(held.table)} from line ${held.line} is held`,
      lock: `ACCESS EXCLUSIVE on ${showName(held.table)} for as long as this statement takes`,
    });
  },
};

/** Of a constraint that the same transaction adds, another rule speaks. */
function validation(context: RuleContext): string | undefined {
  const { table, commands = [] } = alterationOf(context) ?? {};
  const constraints = (table && findRelation(context.catalog, table)?.constraints) ?? [];
  const isOwn = (name: string | undefined): boolean =>
    constraints.some(
      (each) => each.name === name && each.made.transaction === context.place.transaction,
    );
  const validates = commands.some(
    ({ subtype, name }) => subtype === 'AT_ValidateConstraint' && !isOwn(name),
  );
  return validates ? 'a validation' : undefined;
}

export const banVacuumFull: StatementRule = {
  id: 'ban-vacuum-full',
  on: ['VacuumStmt', 'ClusterStmt'],
  severity: 'error',
  summary: 'vacuum full, or cluster, of a table in use',
  why: 'The table is written anew while reads and writes wait.',
  lock: 'ACCESS EXCLUSIVE on the table while it is rewritten: reads and writes wait',
  rewrite:
    'vacuum is enough to reuse the room; pg_repack, from PostgreSQL 19 repack concurrently, shrinks a table in use.',
  bad: 'vacuum full orders;',
  good: 'vacuum (analyze) orders;',
  url: 'https://www.postgresql.org/docs/current/sql-vacuum.html',
  check(context) {
    const cluster = as(context.node, 'ClusterStmt');
    const vacuum = as(context.node, 'VacuumStmt');
    const tables = cluster
      ? [cluster.relation]
      : (vacuum?.rels ?? [{}]).map((each) => as(each as Node, 'VacuumRelation')?.relation);
    if (!cluster && !isFull(context)) return;
    for (const range of tables) {
      const table = range && relationName(range);
      if (table && !context.isExisting(table)) continue;
      const name = table ? showName(table) : 'every table';
      context.report({
        message: `${name} is rewritten while reads and writes wait`,
        at: range?.location,
      });
    }
  },
};

function isFull({ node }: RuleContext): boolean {
  return (as(node, 'VacuumStmt')?.options ?? []).some((option) => {
    const { defname, arg } = as(option, 'DefElem') ?? {};
    const value = as(arg, 'String')?.sval ?? as(arg, 'Boolean')?.boolval ?? 'on';
    return defname === 'full' && !['false', 'off', '0', false].includes(value);
  });
}

export const commitInDo: StatementRule = {
  id: 'commit-in-do',
  on: ['DoStmt'],
  severity: 'warning',
  summary: 'a do block that commits',
  why: 'It runs outside the transaction and its record cannot be part of it, so after an interruption the whole block runs again.',
  rewrite:
    'Use backfill() in a TypeScript migration, which records its cursor with each batch. Or make the block such that a second run does no harm, and say so.',
  bad: `do $$
begin
  loop
    update orders set currency = 'EUR' where id in (select id from orders where currency is null limit 1000);
    exit when not found;
    commit;
  end loop;
end $$;`,
  good: `do $$
begin
  if not exists (select from pg_roles where rolname = 'reporting') then
    create role reporting;
  end if;
end $$;`,
  url: 'https://www.postgresql.org/docs/current/plpgsql-transactions.html',
  check({ node, statement, report }) {
    if (!as(node, 'DoStmt') || !statement.commits) return;
    report({ message: 'the block commits, so it runs again from its start after an interruption' });
  },
};

/** Whether a statement asks for `lock_timeout`, in any of the ways. */
export function setsLockTimeout(node: Node): boolean {
  if (as(node, 'VariableSetStmt')?.name === 'lock_timeout') return true;
  const [target] = as(node, 'SelectStmt')?.targetList ?? [];
  const call = as(as(target, 'ResTarget')?.val, 'FuncCall');
  const [name] = call?.args ?? [];
  return (
    nameOf(call?.funcname).name === 'set_config' &&
    as(name, 'A_Const')?.sval?.sval === 'lock_timeout'
  );
}
