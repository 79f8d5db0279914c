import {
  CommitUnansweredError,
  type Database,
  inTransaction,
  isServerError,
  type Query,
  type TransactionLimits,
} from '../database.ts';
import { PLANNER_SETTINGS } from '../explain.ts';
import type { BatchFacts, LedgerPolicy } from '../history/ledger.ts';
import type { PaceSettings } from '../options.ts';
import type { BlockedRow } from '../report.ts';
import { pickStatement, positionOf, sealed } from '../walk/pick-statement.ts';
import type { Position, Range, RowLock, Target } from '../walk/target.ts';
import type { Action, ActionResult, PickedRows } from './action.ts';
import { lostCommit } from './lost-commit.ts';
import { type Obstacle, obstacleIn } from './obstacle.ts';

/** Where batches are run. */
export interface Site {
  readonly database: Database;
  readonly pace: PaceSettings;
  readonly target: Target;
  readonly action: Action;
  readonly ledger: LedgerPolicy;
  /** What the ledger is told, with the place that the walk would go on at. */
  readonly facts: (batch: OpenBatch) => BatchFacts;
}

/** What became of one batch. */
export type BatchOutcome =
  | CommittedBatch
  /** Another runner has a batch on this table in progress. */
  | { readonly type: 'busy' }
  /** The lease is another's, or somebody asked to stop. */
  | { readonly type: 'fenced' | 'stop-requested' }
  /** The table, or that of a hold, is locked as a whole; no row was looked at. */
  | { readonly type: 'table-locked' }
  | RolledBackBatch;

/** Fewer rows may do better. */
export interface RolledBackBatch {
  readonly type: 'rolled-back';
  readonly obstacle: Obstacle;
  /** It ran into the statement timeout while it was looking for rows; none was acted on. */
  readonly isLooking?: boolean | undefined;
}

export interface CommittedBatch {
  readonly type: 'committed';
  readonly picked: number;
  /** Fewer may be acted on than picked. */
  readonly result: ActionResult;
  /** The last row that was looked at; undefined when there is no due row left in the range. */
  readonly last: Position | undefined;
  /** There may be more behind `last` in the range. */
  readonly isMore: boolean;
  readonly transactionId: string;
  /** Found to be impossible, in a batch that went row by row. */
  readonly blocked: readonly FailedRow[];
  /** Time that finding the rows and acting on them took, in milliseconds. */
  readonly workMs: number;
}

/** A batch in its transaction. */
export type OpenBatch = Omit<CommittedBatch, 'workMs'>;

/** A row that was tried alone and failed. */
export interface FailedRow {
  readonly ctid: string;
  readonly row: BlockedRow;
}

const NOTHING: ActionResult = { count: 0, archived: 0 };

/**
 * Acts on the next `limit` rows in one transaction. Throws what no smaller batch would cure: a lost
 * connection, a full disk, a missing right.
 */
export function runBatch(
  site: Site,
  range: Range,
  limit: number,
  rowLock: RowLock,
): Promise<BatchOutcome> {
  return searched(site, async (query, found) => {
    const { text, values } = pickStatement(site.target, range, limit, rowLock);
    const [row] = await query(text, values);
    found();
    const picked = Number(row?.['picked']);
    const seen = Number(row?.['seen']);
    const rows = pickedRows(site.target, picked, row?.['ctids'] ?? '{}');
    return {
      type: 'committed',
      picked,
      result: picked === 0 ? NOTHING : await site.action.act(query, rows),
      last: positionOf(site.target, row),
      isMore: seen >= limit || picked < seen,
      transactionId: row?.['transaction_id'] ?? '',
      blocked: [],
    };
  });
}

/** As {@link guarded}, and tells whether it was too slow before `work` said that it had found the rows. */
export async function searched(
  site: Site,
  work: (query: Query, found: () => void) => Promise<OpenBatch>,
): Promise<BatchOutcome> {
  let isLooking = false;
  const outcome = await guarded(site, (query) => {
    isLooking = true;
    return work(query, () => {
      isLooking = false;
    });
  });
  if (outcome.type !== 'rolled-back') return outcome;
  return { ...outcome, isLooking: isLooking && outcome.obstacle.reason === 'slow' };
}

/** Rows that the batch has locked, as an action sees them. */
export function pickedRows(target: Target, count: number, ctids: string): PickedRows {
  const { leaf, condition } = target;
  return {
    count,
    ctids,
    stillDue: (values) => `${leaf.alias}.ctid = any($${values.push(ctids)}::tid[])
    and ${sealed(condition.due(values))}`,
  };
}

/** Runs `work` in a transaction in which this is the only runner on the table. */
export async function guarded(
  site: Site,
  work: (query: Query) => Promise<OpenBatch>,
): Promise<BatchOutcome> {
  const { action } = site;
  const end: End = { fate: 'rolled-back' };
  let outcome: BatchOutcome;
  try {
    outcome = await transact(site, work, end);
  } catch (error) {
    await action.afterBatch?.(end.fate);
    throw error;
  }
  try {
    await action.afterBatch?.(end.fate);
  } catch (error) {
    throw outcome.type === 'committed' ? new AfterCommitError(outcome, error) : error;
  }
  return outcome;
}

/** A batch was committed, and the action's own books failed afterwards. */
export class AfterCommitError extends Error {
  readonly batch: CommittedBatch;

  constructor(batch: CommittedBatch, cause: unknown) {
    super(`After a batch of ${batch.result.count} rows was committed: ${String(cause)}`, { cause });
    this.batch = batch;
  }
}

interface End {
  fate: 'committed' | 'rolled-back' | 'unknown';
}

async function transact(
  { database, pace, ledger, target, action, facts }: Site,
  work: (query: Query) => Promise<OpenBatch>,
  end: End,
): Promise<BatchOutcome> {
  // For the lease's row and whole tables; what is waited for after that is a row.
  let isLocking = true;
  try {
    const batch = await inTransaction(database, withLocks(limits(pace), target), async (query) => {
      const state = await ledger.fence(query, target.leaf.oid);
      if (state !== 'held') throw new NotHeld(state === 'lost' ? 'fenced' : state);
      isLocking = false;
      const startedAt = database.clock.monotonic();
      const done = await work(query);
      if (done.result.count > 0) await action.beforeCommit?.(query);
      const workMs = database.clock.monotonic() - startedAt;
      await ledger.record(query, facts(done));
      return { ...done, workMs };
    });
    end.fate = 'committed';
    return batch;
  } catch (error) {
    if (error instanceof NotHeld) return { type: error.outcome };
    if (error instanceof CommitUnansweredError) {
      const lost = await lostCommit(database, error);
      end.fate = lost.fate === 'aborted' ? 'rolled-back' : lost.fate;
      throw lost;
    }
    if (isLocking && isServerError(error) && error.code === '55P03')
      return { type: 'table-locked' };
    const obstacle = obstacleIn(error);
    if (!obstacle) throw error;
    return { type: 'rolled-back', obstacle };
  }
}

/** Ends a batch's transaction before anything was looked at. */
class NotHeld extends Error {
  readonly outcome: 'fenced' | 'stop-requested' | 'busy';

  constructor(outcome: NotHeld['outcome']) {
    super(outcome);
    this.outcome = outcome;
  }
}

/**
 * A hold that is being written is waited for, and none can be added until the batch is over: SHARE
 * on the tables of holds, taken before any snapshot. The table's own lock is the one that deleting
 * takes anyway; by itself, so that waiting for the table is told from waiting for a row. Both before
 * the lease: who asks the run to stop must not wait for these, too.
 */
function withLocks(
  { settings = '', ...others }: TransactionLimits,
  { holdTables, leaf }: Target,
): TransactionLimits {
  const locks = [
    ...holdTables.map((table) => `lock table ${table} in share mode`),
    `lock table only ${leaf.sql} in row exclusive mode`,
  ];
  return { ...others, settings: [settings, ...locks].join(';\n    ') };
}

/** Of a batch's transaction. */
export function limits(pace: PaceSettings): TransactionLimits {
  const { lockTimeoutMs, statementTimeoutMs } = pace;
  return { lockTimeoutMs, statementTimeoutMs, access: 'read write', settings: PLANNER_SETTINGS };
}
