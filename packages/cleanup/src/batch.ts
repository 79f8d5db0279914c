import {
  CommitUnansweredError,
  type Database,
  inTransaction,
  isServerError,
  type Query,
  type TransactionLimits,
} from './database.ts';
import { PLANNER_SETTINGS } from './explain.ts';
import { lostCommit } from './lost-commit.ts';
import { type Obstacle, obstacleIn } from './obstacle.ts';
import type { PaceSettings } from './options.ts';
import {
  deleteStatement,
  lookAheadStatement,
  type Position,
  positionOf,
  quotedTable,
  type Range,
  type RowLock,
  type Target,
} from './statements.ts';

/** Where batches are run. */
export interface Site {
  readonly database: Database;
  readonly pace: PaceSettings;
  readonly target: Target;
}

/** What became of one batch. */
export type BatchOutcome =
  | CommittedBatch
  /** Another runner has a batch on this table in progress. */
  | { readonly type: 'busy' }
  /** The table itself is locked, by a migration for instance; no row was looked at. */
  | { readonly type: 'table-locked' }
  /** Fewer rows may do better; `at` is the row's place when it was one row. */
  | {
      readonly type: 'rolled-back';
      readonly obstacle: Obstacle;
      readonly at: Position | undefined;
    };

export interface CommittedBatch {
  readonly type: 'committed';
  /** Fewer may be deleted than picked. */
  readonly picked: number;
  readonly deleted: number;
  /** The last row that was looked at; undefined when there is no expired row left in the range. */
  readonly last: Position | undefined;
  readonly transactionId: string;
}

/**
 * Deletes the next `limit` rows in one transaction. Throws what no smaller batch would cure: a lost
 * connection, a full disk, a missing right.
 */
export function runBatch(
  site: Site,
  range: Range,
  limit: number,
  rowLock: RowLock,
): Promise<BatchOutcome> {
  return guarded(site, (query) => deleteRows(site, query, range, limit, rowLock));
}

/**
 * Deletes the next row alone. Finds it first, so that its place is known when it cannot be deleted.
 * `last` is this row also when it was passed: another session has it locked, or changed it just now.
 */
export async function runRow(site: Site, range: Range, rowLock: RowLock): Promise<BatchOutcome> {
  let at: Position | undefined;
  const outcome = await guarded(site, async (query) => {
    const { first } = await lookAhead(site, query, range, 1);
    if (!first)
      return { type: 'committed', picked: 0, deleted: 0, last: undefined, transactionId: '' };
    at = first;
    const done = await deleteRows(site, query, { from: 'only', position: at }, 1, rowLock);
    return { ...done, last: at };
  });
  return outcome.type === 'rolled-back' ? { ...outcome, at } : outcome;
}

/** How many rows are next, up to `limit`. Locks nothing. */
export function countAhead(site: Site, range: Range, limit: number): Promise<number> {
  return inTransaction(site.database, limits(site.pace), async (query) => {
    return (await lookAhead(site, query, range, limit)).count;
  });
}

async function lookAhead(
  { target }: Site,
  query: Query,
  range: Range,
  limit: number,
): Promise<{ readonly count: number; readonly first: Position | undefined }> {
  const { text, values } = lookAheadStatement(target, range, limit);
  try {
    const [row] = await query(text, values);
    return { count: Number(row?.['ahead']), first: positionOf(target, row) };
  } catch (error) {
    if (!isServerError(error) || error.code !== '57014') throw error;
    throw new Error(
      'Only finding the next expired row takes longer than pace.statementTimeout; an index that covers the condition as well would help',
      { cause: error },
    );
  }
}

async function deleteRows(
  { target }: Site,
  query: Query,
  range: Range,
  limit: number,
  rowLock: RowLock,
): Promise<CommittedBatch> {
  const { text, values } = deleteStatement(target, range, limit, rowLock);
  const [row] = await query(text, values);
  return {
    type: 'committed',
    picked: Number(row?.['picked']),
    deleted: Number(row?.['deleted']),
    last: positionOf(target, row),
    transactionId: row?.['transaction_id'] ?? '',
  };
}

/** Runs `work` in a transaction in which this is the only runner on the table. */
async function guarded(
  { database, pace, target }: Site,
  work: (query: Query) => Promise<BatchOutcome>,
): Promise<BatchOutcome> {
  let isLocking = false;
  try {
    return await inTransaction(database, limits(pace), async (query) => {
      if (!(await isOnlyRunner(query, target))) return { type: 'busy' };
      // The lock that the delete takes anyway; by itself, so that waiting for the table is told from
      // waiting for a row.
      isLocking = true;
      await query(`lock table only ${quotedTable(target)} in row exclusive mode`);
      isLocking = false;
      return work(query);
    });
  } catch (error) {
    if (error instanceof CommitUnansweredError) throw await lostCommit(database, error);
    if (isLocking && isServerError(error) && error.code === '55P03')
      return { type: 'table-locked' };
    const obstacle = obstacleIn(error);
    if (!obstacle) throw error;
    return { type: 'rolled-back', obstacle, at: undefined };
  }
}

/**
 * A transaction-level lock, because behind a transaction pooler a session-level one would stay with
 * whichever connection took it. It is keyed by the table's oid, and held while the batch runs.
 */
async function isOnlyRunner(query: Query, target: Target): Promise<boolean> {
  const [row] = await query(
    `select pg_try_advisory_xact_lock(hashtextextended('@ops/cleanup ' || $1, 0))::text as is_only`,
    [target.oid],
  );
  return row?.['is_only'] === 'true';
}

function limits(pace: PaceSettings): TransactionLimits {
  const { lockTimeoutMs, statementTimeoutMs } = pace;
  return { lockTimeoutMs, statementTimeoutMs, access: 'read write', settings: PLANNER_SETTINGS };
}
