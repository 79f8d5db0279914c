import { obstacleIn } from '../batch/obstacle.ts';
import { primaryKey } from '../catalog/columns.ts';
import { inspectTable } from '../catalog/table-facts.ts';
import { type Database, inTransaction } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';
import { addBlockedUndo, createUndoTally, type PolicyUndo, type UndoTally } from './undo-report.ts';
import { type MarkedTable, type UndoneRows, undoRows } from './undo-rows.ts';

const LOOK = { lockTimeoutMs: 2_000, statementTimeoutMs: 10_000, access: 'read only' } as const;
/** Rows in one transaction: a few milliseconds, which is what an update of one of them waits. */
const BATCH = 500;
/** A batch that lost against another transaction is tried again as it was; that one is over mostly. */
const CONFLICTS_MAX = 3;
/** Each locked row costs one lock_timeout; beyond so many they are only counted. */
const WAITED_MAX = 100;

interface State {
  readonly database: Database;
  readonly table: MarkedTable;
  readonly tally: UndoTally;
  /** Keys of rows that were locked. */
  readonly left: string[];
}

/** Gives back what one policy of a run marked. */
export async function undoPolicy(
  database: Database,
  schema: string,
  marks: { readonly runId: string; readonly policy: string; readonly tableName: string },
): Promise<PolicyUndo> {
  const tally = createUndoTally();
  const found = await findTable(database, schema, marks);
  if ('problem' in found) return { ...tally, table: marks.tableName, problem: found.problem };
  const state: State = { database, table: found.table, tally, left: [] };
  let after: string | undefined;
  do {
    database.signal?.throwIfAborted();
    const keys = await nextKeys(state, after);
    if (keys.length > 0) await undoBatch(state, keys, 'skip');
    after = keys.length < BATCH ? undefined : keys.at(-1);
  } while (after !== undefined);
  await undoLeft(state);
  return { ...tally, table: found.table.sql, problem: null };
}

/** The rows that were locked, one by one, waiting for each. */
async function undoLeft(state: State): Promise<void> {
  for (const [index, key] of state.left.splice(0).entries()) {
    state.database.signal?.throwIfAborted();
    if (index < WAITED_MAX || !isMostlyLocked(state.tally)) await undoBatch(state, [key], 'wait');
    else addBlockedUndo(state.tally, blockedRow(key, 'locked', '55P03', 'Another session has it'));
  }
}

function isMostlyLocked({ blocked }: UndoTally): boolean {
  return blocked.filter(({ reason }) => reason === 'locked').length >= WAITED_MAX;
}

/** Halves what the server refuses, down to the row. */
async function undoBatch(
  state: State,
  keys: readonly string[],
  rowLock: 'skip' | 'wait',
): Promise<void> {
  const { database, table, tally } = state;
  for (let conflicts = 0; ; conflicts += 1) {
    try {
      add(state, await undoRows(database, table, keys, rowLock), rowLock);
      return;
    } catch (error) {
      const obstacle = obstacleIn(error);
      if (!obstacle) throw error;
      const { reason, error: cause } = obstacle;
      if (reason === 'conflict' && conflicts < CONFLICTS_MAX) continue;
      if (keys.length > 1) break;
      const row = blockedRow(keys[0] ?? '{}', reason, cause.code, cause.message);
      const { constraint } = cause;
      addBlockedUndo(tally, constraint === undefined ? row : { ...row, constraint });
      return;
    }
  }
  const half = Math.ceil(keys.length / 2);
  await undoBatch(state, keys.slice(0, half), rowLock);
  await undoBatch(state, keys.slice(half), rowLock);
}

function add({ tally, left }: State, rows: UndoneRows, rowLock: 'skip' | 'wait'): void {
  tally.undone += rows.undone;
  tally.undoneBefore += rows.undoneBefore;
  tally.changedSince += rows.changedSince;
  tally.alreadyPurged += rows.alreadyPurged;
  tally.tooLate += rows.tooLate;
  if (rowLock === 'skip') {
    left.push(...rows.left);
    return;
  }
  for (const key of rows.left) {
    const message = 'The update left the row as it was; a BEFORE UPDATE trigger or a rule kept it';
    addBlockedUndo(tally, blockedRow(key, 'kept', undefined, message));
  }
}

function blockedRow(
  key: string,
  reason: PolicyUndo['blocked'][number]['reason'],
  code: string | undefined,
  message: string,
): PolicyUndo['blocked'][number] {
  return { key: JSON.parse(key) as Readonly<Record<string, string>>, reason, code, message };
}

function nextKeys(
  { database, table }: State,
  after: string | undefined,
): Promise<readonly string[]> {
  return inTransaction(database, LOOK, async (query) => {
    const values: unknown[] = [table.runId, table.policy, table.tableName, BATCH];
    const rows = await query(
      `select log.key::text as key
       from ${table.logSql} log
       where log.run_id = $1::uuid
         and log.policy = $2
         and log.table_name = $3${after === undefined ? '' : ` and log.key > $${values.push(after)}::jsonb`}
       order by log.key
       limit $4::bigint`,
      values,
    );
    return rows.map((row) => row['key'] ?? '');
  });
}

/** The table as it is now: it may have changed since the run. */
function findTable(
  database: Database,
  schema: string,
  marks: { readonly runId: string; readonly policy: string; readonly tableName: string },
): Promise<{ readonly table: MarkedTable } | { readonly problem: string }> {
  const { runId, policy, tableName } = marks;
  const logSql = `${quoteIdentifier(schema)}.soft_deleted`;
  return inTransaction(database, LOOK, async (query) => {
    const facts = await inspectTable(query, tableName);
    if (!facts) return { problem: `${tableName} is not there any more, or not visible` };
    const [row] = await query(
      `select
         (select jsonb_agg(name) from jsonb_object_keys(log.key) name)::text as keys,
         (select jsonb_agg(name) from jsonb_object_keys(log.after) name)::text as marked
       from ${logSql} log
       where log.run_id = $1::uuid and log.policy = $2 and log.table_name = $3
       limit 1`,
      [runId, policy, tableName],
    );
    const names = (text: string | null | undefined): readonly string[] =>
      JSON.parse(text ?? '[]') as readonly string[];
    const key = primaryKey(facts.columns);
    const keyNames = key.map(({ name }) => name);
    if (names(row?.['keys']).toSorted().join('\0') !== keyNames.toSorted().join('\0')) {
      return {
        problem: `The primary key of ${facts.sql} is another than when the rows were marked, so they cannot be found again`,
      };
    }
    const wanted = names(row?.['marked']);
    const marked = facts.columns.filter(({ name }) => wanted.includes(name));
    const missing = wanted.filter((name) => !marked.some((column) => column.name === name));
    if (missing.length > 0) {
      return {
        problem: `${facts.sql} lacks columns that were set when the rows were marked: ${missing.join(', ')}`,
      };
    }
    return { table: { runId, policy, tableName, logSql, sql: facts.sql, key, marked } };
  });
}
