/*
 * One policy of a run.
 *
 *   walk    from the oldest row forward, going past rows that others have locked
 *   sweep   from the start again, waiting for locked rows up to lock_timeout;
 *           again while the last one deleted something, SWEEPS_MAX times at most
 *
 * A position only moves forward within a pass, so neither a row that cannot be deleted nor a dead
 * index entry is met twice: starting each batch at the index's left end is O(n²) while somebody holds
 * an old snapshot (measured 5 × slower). A pass ends when nothing was *picked*, since a batch may
 * pick rows and delete none of them. The sweep finds what the walk went past: locked rows, rows that
 * moved behind the position, rows that a later row referenced. One that deletes nothing has seen all
 * that is left.
 *
 * A batch that was rolled back is tried again with half the rows, down to one. A row that fails alone
 * is named and passed, and the next is tried alone, too: bad rows mostly lie together.
 */
import { type CommittedBatch, countAhead, runBatch, runRow, type Site } from './batch.ts';
import { createBatchSize } from './batch-size.ts';
import { createDurationHistogram, type DurationHistogram } from './duration-histogram.ts';
import type { CleanupEvent } from './events.ts';
import { CommitLostError } from './lost-commit.ts';
import type { Obstacle } from './obstacle.ts';
import { pause, restMs } from './pace.ts';
import type { RowCount } from './plan.ts';
import {
  addBlocked,
  createPolicyTally,
  type PolicyTally,
  remaining,
  startPass,
} from './policy-tally.ts';
import type { BlockedRow, StopReason } from './report.ts';
import type { RunBudget } from './run-budget.ts';
import type { Position, Range, RowLock, Target } from './statements.ts';

/** What to run, and within what. */
export interface PolicyJob extends Site {
  readonly policy: string;
  readonly candidates: RowCount;
  readonly budget: RunBudget;
  readonly emit: (event: CleanupEvent) => void;
}

export interface PolicyResult {
  readonly stopped: StopReason;
  readonly tally: PolicyTally;
  readonly batchTimes: DurationHistogram;
  readonly notes: readonly string[];
  /** Set when `stopped` is `failed`. */
  readonly error?: unknown;
}

const SWEEPS_MAX = 10;
/** Each locked row costs a sweep one lock_timeout; so many are somebody's bulk update. */
const LOCKED_MAX = 100;
/** Pauses while the whole table is locked, in milliseconds: half a minute together. */
const TABLE_LOCK_PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 16_000];

interface State extends PolicyJob {
  readonly tally: PolicyTally;
  readonly batchTimes: DurationHistogram;
  readonly size: ReturnType<typeof createBatchSize>;
  readonly notes: string[];
  readonly startedAt: number;
  tableLockedTimes: number;
}

/** Where to go on within a pass, or why not. */
type Step = { readonly next: Range } | { readonly end: true } | { readonly stop: StopReason };

/** Never throws: whatever goes wrong is in the result, with what was committed before it. */
export async function runPolicy(job: PolicyJob): Promise<PolicyResult> {
  const state: State = {
    ...job,
    tally: createPolicyTally(),
    batchTimes: createDurationHistogram(),
    size: createBatchSize(job.pace),
    notes: [],
    startedAt: job.database.clock.monotonic(),
    tableLockedTimes: 0,
  };
  const { tally, batchTimes, notes } = state;
  try {
    return { stopped: await runPasses(state), tally, batchTimes, notes };
  } catch (error) {
    const { signal } = job.database;
    if (signal?.aborted === true && error === signal.reason) {
      return { stopped: 'aborted', tally, batchTimes, notes };
    }
    if (error instanceof CommitLostError) countLostCommit(state, error);
    return { stopped: 'failed', tally, batchTimes, notes, error };
  }
}

async function runPasses(state: State): Promise<StopReason> {
  const { tally } = state;
  for (let pass = 0; pass <= SWEEPS_MAX; pass += 1) {
    startPass(tally);
    const stop = await runPass(state, pass === 0 ? 'skip' : 'wait');
    if (stop) return stop;
    tally.complete = tally.pass;
    if (pass > 0 && tally.pass.deleted === 0) break;
    if (pass === SWEEPS_MAX) {
      state.notes.push('Expired rows kept coming; the last sweep still found some.');
    }
  }
  const { blockedCount, skipped } = remaining(tally);
  return blockedCount + skipped > 0 ? 'blocked' : 'drained';
}

async function runPass(state: State, rowLock: RowLock): Promise<StopReason | undefined> {
  const { budget, database, pace, tally, notes } = state;
  let range: Range = { from: 'start' };
  for (;;) {
    const stop = budget.reasonToStop();
    if (stop) return stop;
    if (rowLock === 'wait' && tally.pass.lockedCount >= LOCKED_MAX) {
      notes.push(
        `The last sweep stopped after ${LOCKED_MAX} rows that other sessions have locked.`,
      );
      return 'blocked';
    }
    const startedAt = database.clock.monotonic();
    const step = await takeStep(state, range, rowLock);
    if ('end' in step) return undefined;
    if ('stop' in step) return step.stop;
    range = step.next;
    const idleMs =
      restMs(database.clock.monotonic() - startedAt, pace.dutyCycle) + tableLockPauseMs(state);
    if (idleMs >= budget.timeLeftMs) return 'budget-time';
    await pause(idleMs, database.clock, database.signal);
  }
}

async function takeStep(state: State, range: Range, rowLock: RowLock): Promise<Step> {
  const { budget, size, tally } = state;
  const limit = Math.min(size.next, budget.rowsLeft);
  const startedAt = state.database.clock.monotonic();
  const outcome = await (limit === 1
    ? runRow(state, range, rowLock)
    : runBatch(state, range, limit, rowLock));
  const elapsedMs = state.database.clock.monotonic() - startedAt;
  if (outcome.type === 'table-locked') return waitForTable(state, range);
  state.tableLockedTimes = 0;
  if (outcome.type === 'busy') return { stop: 'busy' };
  if (outcome.type === 'rolled-back') {
    tally.failedCount += 1;
    if (outcome.at) return passRow(state, outcome.at, outcome.obstacle);
    return halve(state, range, limit, outcome.obstacle);
  }
  if (outcome.last === undefined) return { end: true };
  size.succeeded(outcome.picked, limit, elapsedMs);
  if (outcome.picked > 0) countBatch(state, outcome, elapsedMs);
  return { next: { from: 'after', position: outcome.last } };
}

/** Half of what was tried, which is less than `limit` near the end of a pass. */
async function halve(
  state: State,
  range: Range,
  limit: number,
  { error }: Obstacle,
): Promise<Step> {
  const { code, message } = error;
  state.emit({ type: 'batch-failed', policy: state.policy, batchSize: limit, code, message });
  const count = await countAhead(state, range, limit);
  if (count === 0) return { end: true };
  state.size.failed(count);
  return { next: range };
}

function passRow(state: State, position: Position, obstacle: Obstacle): Step {
  const row = blockedRow(state.target, position, obstacle);
  addBlocked(state.tally.pass, row);
  state.emit({ type: 'row-blocked', policy: state.policy, row });
  return { next: { from: 'after', position } };
}

function waitForTable(state: State, range: Range): Step {
  state.tableLockedTimes += 1;
  if (state.tableLockedTimes <= TABLE_LOCK_PAUSES_MS.length) return { next: range };
  state.notes.push('Stopped: another session has the whole table locked.');
  return { stop: 'blocked' };
}

/** 0 unless the last step found the whole table locked. */
function tableLockPauseMs({ tableLockedTimes }: State): number {
  return TABLE_LOCK_PAUSES_MS[tableLockedTimes - 1] ?? 0;
}

function countBatch(state: State, batch: CommittedBatch, elapsedMs: number): void {
  const { tally, budget, database, candidates } = state;
  tally.deleted += batch.deleted;
  tally.pass.deleted += batch.deleted;
  tally.pass.skipped += batch.picked - batch.deleted;
  budget.spend(batch.deleted);
  state.batchTimes.add(elapsedMs);
  const seconds = Math.max(database.clock.monotonic() - state.startedAt, 1) / 1000;
  const rowsPerSecond = tally.deleted / seconds;
  const rowsLeft = Math.max(0, candidates.count - tally.deleted);
  state.emit({
    type: 'batch',
    policy: state.policy,
    batchDeleted: batch.deleted,
    batchMs: elapsedMs,
    deleted: tally.deleted,
    candidates,
    rowsPerSecond,
    etaMs: rowsPerSecond > 0 ? (rowsLeft / rowsPerSecond) * 1000 : null,
    pauseMs: restMs(elapsedMs, state.pace.dutyCycle),
  });
}

function countLostCommit({ tally, budget }: State, lost: CommitLostError): void {
  if (lost.fate === 'aborted') return;
  // Also when nobody knows: the next policy must not go over the budget.
  budget.spend(lost.deleted);
  if (lost.fate === 'unknown') {
    tally.unconfirmed += lost.deleted;
    return;
  }
  tally.deleted += lost.deleted;
  tally.pass.deleted += lost.deleted;
  tally.pass.skipped += lost.picked - lost.deleted;
}

function blockedRow(target: Target, position: Position, { reason, error }: Obstacle): BlockedRow {
  const texts = new Map(target.walk.map(({ name }, index) => [name, position[index] ?? '']));
  return {
    key: Object.fromEntries(target.keyColumns.map((name) => [name, texts.get(name) ?? ''])),
    reason,
    code: error.code,
    message: error.message,
    ...(error.constraint !== undefined && { constraint: error.constraint }),
  };
}
