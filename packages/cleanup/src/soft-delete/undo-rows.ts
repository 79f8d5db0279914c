import type { ColumnFacts } from '../catalog/columns.ts';
import { type Database, inTransaction, type Query, type TransactionLimits } from '../database.ts';
import { PLANNER_SETTINGS } from '../explain.ts';
import { quoteIdentifier } from '../identifier.ts';

/*
 * One batch of an undo: one transaction of three statements. The first locks the rows of the table;
 * the second, with a newer snapshot, gives back those that are still as the run marked them; the third
 * says what the others are. What is written down of a row changes only under the row's lock, so the
 * second cannot meet values of a mark that is no longer the row's.
 */

/** What a run has marked in one table, and where that is written down. */
export interface MarkedTable {
  readonly runId: string;
  readonly policy: string;
  /** As the history has it. */
  readonly tableName: string;
  /** The history's table, quoted. */
  readonly logSql: string;
  /** The table, with its schema, quoted; all of it when it is partitioned. */
  readonly sql: string;
  readonly key: readonly ColumnFacts[];
  /** The columns that the run set. */
  readonly marked: readonly ColumnFacts[];
}

/** What became of the rows of one batch. */
export interface UndoneRows {
  readonly undone: number;
  readonly undoneBefore: number;
  readonly changedSince: number;
  readonly alreadyPurged: number;
  readonly tooLate: number;
  /** Keys of rows that are as they were: locked by somebody, or kept so by a trigger. */
  readonly left: readonly string[];
}

const NONE: UndoneRows = {
  undone: 0,
  undoneBefore: 0,
  changedSince: 0,
  alreadyPurged: 0,
  tooLate: 0,
  left: [],
};
const LIMITS: TransactionLimits = {
  lockTimeoutMs: 1_000,
  statementTimeoutMs: 10_000,
  access: 'read write',
  settings: PLANNER_SETTINGS,
};

/** Gives rows back by their keys (JSON). Goes past rows that are locked unless it is to wait. */
export function undoRows(
  database: Database,
  table: MarkedTable,
  keys: readonly string[],
  rowLock: 'skip' | 'wait',
): Promise<UndoneRows> {
  return inTransaction(database, LIMITS, async (query) => {
    const locked = await lockRows(query, table, keys, rowLock);
    const undone = locked.length === 0 ? 0 : await giveBack(query, table, locked);
    if (undone === keys.length) return { ...NONE, undone };
    return classify(query, table, keys, undone);
  });
}

/** FOR NO KEY UPDATE, as the update will take: rows that reference this one may still be added. */
async function lockRows(
  query: Query,
  { sql, key }: MarkedTable,
  keys: readonly string[],
  rowLock: 'skip' | 'wait',
): Promise<readonly string[]> {
  const values: unknown[] = [];
  const rows = await query(
    `with ops_cleanup_locked as materialized (
       select wanted.key
       from unnest($${values.push(keys)}::jsonb[]) wanted (key)
       join ${sql} ops_cleanup_row on ${isRow(key, 'wanted', values)}
       for no key update of ops_cleanup_row${rowLock === 'skip' ? ' skip locked' : ''}
     )
     select key::text as key
     from ops_cleanup_locked`,
    values,
  );
  return rows.map((row) => row['key'] ?? '');
}

async function giveBack(
  query: Query,
  table: MarkedTable,
  keys: readonly string[],
): Promise<number> {
  const { sql, key, marked, logSql } = table;
  const values: unknown[] = [];
  const old = marked.map((column) => {
    const text = `log.before ->> $${values.push(column.name)}::text`;
    return `${quoteIdentifier(column.name)} = (${text})::${column.typeWithModifier}`;
  });
  const [row] = await query(
    `with ops_cleanup_back as (
       update ${sql} ops_cleanup_row
       set ${old.join(', ')}
       from (${listed(table, keys, values)}) log
       where log.undone_at is null
         and log.undo_until >= now()
         and ${isRow(key, 'log', values)}
         and ${isAsMarked(marked, values)}
       returning log.place
     ),
     ops_cleanup_noted as (
       update ${logSql} log
       set undone_at = now()
       from ops_cleanup_back back
       where log.ctid = back.place
       returning 1
     )
     select count(*)::text as count
     from ops_cleanup_noted`,
    values,
  );
  return Number(row?.['count']);
}

async function classify(
  query: Query,
  table: MarkedTable,
  keys: readonly string[],
  undone: number,
): Promise<UndoneRows> {
  const { sql, key, marked } = table;
  const values: unknown[] = [];
  const rows = await query(
    `select
       log.key::text as key,
       case
         when log.undone_at is not null then 'undone'
         when ops_cleanup_row.${quoteIdentifier(key[0]?.name ?? '')} is null then 'purged'
         when not ${isAsMarked(marked, values)} then 'changed'
         when log.undo_until < now() then 'too-late'
         else 'left'
       end as state
     from (${listed(table, keys, values)}) log
     left join ${sql} ops_cleanup_row on ${isRow(key, 'log', values)}`,
    values,
  );
  const inState = (state: string): readonly string[] =>
    rows.filter((row) => row['state'] === state).map((row) => row['key'] ?? '');
  return {
    undone,
    undoneBefore: inState('undone').length - undone,
    changedSince: inState('changed').length,
    alreadyPurged: inState('purged').length,
    tooLate: inState('too-late').length,
    left: inState('left'),
  };
}

/**
 * What is written down of the rows with these keys. Their places stay while the rows are locked.
 *
 * Each key is looked up by itself, as `offset 0` makes the planner do. It knows nothing of the
 * history's table right after a run, and would go through all that the run marked for every batch.
 */
function listed(
  { runId, policy, tableName, logSql }: MarkedTable,
  keys: readonly string[],
  values: unknown[],
): string {
  return `
         select log.*
         from unnest($${values.push(keys)}::jsonb[]) wanted (key)
         cross join lateral (
           select log.*, log.ctid as place
           from ${logSql} log
           where log.run_id = $${values.push(runId)}::uuid
             and log.policy = $${values.push(policy)}
             and log.table_name = $${values.push(tableName)}
             and log.key = wanted.key
           offset 0
         ) log
         offset 0
       `;
}

function isRow(key: readonly ColumnFacts[], source: string, values: unknown[]): string {
  return key
    .map(({ name, type }) => {
      const text = `${source}.key ->> $${values.push(name)}::text`;
      return `ops_cleanup_row.${quoteIdentifier(name)} = (${text})::${type}`;
    })
    .join(' and ');
}

/** As text: json, point and xml cannot be compared otherwise. */
function isAsMarked(marked: readonly ColumnFacts[], values: unknown[]): string {
  const same = marked.map(({ name }) => {
    const text = `log.after ->> $${values.push(name)}::text`;
    return `ops_cleanup_row.${quoteIdentifier(name)}::text is not distinct from (${text})`;
  });
  return `(${same.join(' and ')})`;
}
