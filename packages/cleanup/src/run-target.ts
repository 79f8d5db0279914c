/*
 * One step of a policy on one leaf.
 *
 *   walk    once through, going past rows that others have locked
 *   sweep   from the start again, waiting for locked rows up to lock_timeout;
 *           again while the last one acted on something, SWEEPS_MAX times at most
 *
 * A position only moves forward within a pass, so neither a row that cannot be deleted nor a dead
 * index entry is met twice: starting each batch at the index's left end is O(n²) while somebody holds
 * an old snapshot (measured 5 × slower). A pass ends when nothing was *picked*, since a batch may
 * pick rows and act on none of them. The sweep finds what the walk went past: locked rows, rows that
 * moved behind the position, rows that a later row referenced. One that acts on nothing has seen all
 * that is left.
 *
 * A batch that was too slow or met a lock is tried again with half the rows, down to one. One in
 * which a row refused is gone through in parts, see `run-rows.ts`. A walk that is too slow in
 * finding rows gives way to another, see `give-way.ts`, and the pass begins anew.
 */
import type { Action } from './batch/action.ts';
import { createBatchSize } from './batch/batch-size.ts';
import { CommitLostError } from './batch/lost-commit.ts';
import {
  AfterCommitError,
  type CommittedBatch,
  type RolledBackBatch,
  runBatch,
} from './batch/run-batch.ts';
import { countAhead, runRows } from './batch/run-rows.ts';
import { countBatch, countLostCommit } from './count-batch.ts';
import { inTransaction } from './database.ts';
import { afterSlowLook, giveWay, isLongRun } from './give-way.ts';
import { restMs } from './pace.ts';
import { addBlocked, addLeft, createPassTally, remaining } from './policy-tally.ts';
import { addGuarded } from './referenced-rows.ts';
import type { StopReason } from './report.ts';
import type { PolicyState } from './run-policy.ts';
import { siteOf, type TargetState } from './target-state.ts';
import type { Range, RowLock, Target } from './walk/target.ts';
import { createPass, NO_PASS, type WalkPass } from './walk/walk-pass.ts';

const SWEEPS_MAX = 10;
/** Each locked row costs a sweep one lock_timeout; so many are somebody's bulk update. */
const LOCKED_MAX = 100;
/** Pauses while the whole table is locked, in milliseconds: half a minute together. */
const TABLE_LOCK_PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 16_000];
/** A batch that lost against another transaction is tried again as it was; that one is over mostly. */
const CONFLICTS_MAX = 3;
/** Rows of a batch that goes by parts. */
const ROWS_MAX = 500;

/** Undefined when the leaf is done with; what stays is in the tally then, too. */
export async function runTarget(
  policy: PolicyState,
  step: 'main' | 'purge',
  target: Target,
  action: Action,
): Promise<StopReason | undefined> {
  const state: TargetState = {
    policy,
    step,
    target,
    action,
    size: createBatchSize(policy.pace),
    marks: [],
    refused: [],
    walk: NO_PASS,
    pass: createPassTally(),
    complete: undefined,
    isByRows: false,
    conflictCount: 0,
    tableLockedTimes: 0,
    slowLookCount: 0,
    countedValue: undefined,
  };
  try {
    const stop = await runPasses(state);
    if (!stop) await addGuarded(policy, state.target);
    return stop;
  } catch (error) {
    if (error instanceof CommitLostError) countLostCommit(state, error);
    if (error instanceof AfterCommitError) countBatch(state, error.batch, 0);
    throw error;
  } finally {
    addLeft(policy.tally.left, remaining(state.pass, state.complete));
  }
}

async function runPasses(state: TargetState): Promise<StopReason | undefined> {
  let idleCount = 0;
  let pass = 0;
  while (pass <= SWEEPS_MAX) {
    state.pass = createPassTally();
    for (const { row } of state.refused) addBlocked(state.pass, row);
    state.walk = await startPass(state, pass === 0);
    const stop = await runPass(state, pass === 0 ? 'skip' : 'wait');
    if (stop === 'switched') continue;
    if (stop) return stop;
    state.complete = state.pass;
    idleCount = pass > 0 && state.pass.acted === 0 ? idleCount + 1 : 0;
    // A row that was picked and kept may have been saved by another table in between; then the next
    // look does not find it any more.
    if (idleCount > (state.pass.skipped > 0 ? 1 : 0)) return undefined;
    pass += 1;
  }
  state.policy.notes.push('Due rows kept coming; the last sweep still found some.');
  return 'blocked';
}

/** A walk by heap windows goes on where the last run stopped; it comes round to the rest. */
async function startPass(state: TargetState, isFirst: boolean): Promise<WalkPass> {
  const { policy, target, marks } = state;
  const cursor = policy.ledger.cursor;
  const isResumed =
    isFirst &&
    cursor?.step === state.step &&
    cursor.leaf === target.leaf.oid &&
    cursor.walk === 'heap-windows';
  return createPass(target.walk, {
    marks,
    isFirst,
    pageCount: target.walk.kind === 'keyset' ? 0 : await pagesNow(policy, target),
    startPage: isResumed ? Math.max(0, Number(cursor.position[0]) || 0) : 0,
    targetMs: policy.pace.targetMs,
  });
}

/** Updated rows may have moved to pages that were not there when the policy was prepared. */
function pagesNow({ database, lookLimits }: PolicyState, { leaf }: Target): Promise<number> {
  return inTransaction(database, lookLimits, async (query) => {
    const [row] = await query(
      `select (pg_relation_size($1::oid) / current_setting('block_size')::bigint)::text as pages`,
      [leaf.oid],
    );
    return Number(row?.['pages']);
  });
}

/** Why a pass ends before its end; `switched`: the walk is another now. */
type PassStop = StopReason | 'switched';

/** Where to go on within a pass, or why not. */
type Step = { readonly stop: PassStop } | undefined;

async function runPass(state: TargetState, rowLock: RowLock): Promise<PassStop | undefined> {
  const { budget, database, pace, notes, gate, policy } = state.policy;
  for (;;) {
    const stop = budget.reasonToStop() ?? (await gate.pass(policy));
    if (stop) return stop;
    if (rowLock === 'wait' && state.pass.lockedCount >= LOCKED_MAX) {
      notes.push(
        `The last sweep stopped after ${LOCKED_MAX} rows that other sessions have locked.`,
      );
      return 'blocked';
    }
    const limit = batchLimit(state);
    const range = state.walk.next(limit);
    if (!range) return undefined;
    if (await isLongRun(state, limit)) {
      giveWay(state, `so many rows have the same value that the index is the longer way`);
      return 'switched';
    }
    const startedAt = database.clock.monotonic();
    const step = await takeStep(
      state,
      { ...range, without: state.refused.map(({ ctid }) => ctid) },
      limit,
      rowLock,
    );
    if (step) return step.stop;
    if (!state.walk.next(limit)) return undefined;
    const idleMs =
      restMs(database.clock.monotonic() - startedAt, pace.dutyCycle) + tableLockPauseMs(state);
    if (idleMs >= budget.timeLeftMs) return 'budget-time';
    const stopped = await gate.rest(idleMs);
    if (stopped) return stopped;
  }
}

function batchLimit({ policy, size, target, isByRows }: TargetState): number {
  const limit = Math.min(size.next, policy.budget.rowsLeft, target.maxRows);
  return isByRows ? Math.min(limit, ROWS_MAX) : limit;
}

async function takeStep(
  state: TargetState,
  range: Range,
  limit: number,
  rowLock: RowLock,
): Promise<Step> {
  const { clock } = state.policy.database;
  const site = siteOf(state, range);
  const startedAt = clock.monotonic();
  const outcome = await (limit === 1 || state.isByRows
    ? runRows(site, range, limit, rowLock)
    : runBatch(site, range, limit, rowLock));
  const elapsedMs = clock.monotonic() - startedAt;
  if (outcome.type === 'table-locked') return waitForTable(state);
  state.tableLockedTimes = 0;
  if (outcome.type === 'rolled-back') return goAround(state, range, limit, outcome);
  if (outcome.type !== 'committed') {
    return { stop: outcome.type === 'stop-requested' ? 'stopped' : outcome.type };
  }
  goOn(state, outcome, limit, elapsedMs);
  return undefined;
}

function goOn(state: TargetState, batch: CommittedBatch, limit: number, elapsedMs: number): void {
  const { picked, last, isMore } = batch;
  state.conflictCount = 0;
  if (batch.blocked.length === 0) {
    // Back to whole batches once one went through without a refusal.
    if (!state.isByRows || limit === 1)
      state.size.succeeded(picked, limit, elapsedMs, batch.workMs);
    state.isByRows = false;
  }
  if (picked > 0 || batch.blocked.length > 0) countBatch(state, batch, elapsedMs);
  state.walk.advance({ last, isMore, picked, limit, elapsedMs });
}

async function goAround(
  state: TargetState,
  range: Range,
  limit: number,
  { obstacle: { reason, error }, isLooking }: RolledBackBatch,
): Promise<Step> {
  const { policy, size } = state;
  const { code, message } = error;
  policy.tally.failedCount += 1;
  policy.emit({ type: 'batch-failed', policy: policy.policy, batchSize: limit, code, message });
  if (reason === 'conflict' && state.conflictCount < CONFLICTS_MAX) {
    state.conflictCount += 1;
    return undefined;
  }
  if (reason === 'rejected' && !state.isByRows) {
    state.isByRows = true;
    return undefined;
  }
  // Half of what was tried, which is less than `limit` near the end of a pass.
  const count = isLooking ? undefined : await countAhead(siteOf(state, range), range, limit);
  if (count === undefined) {
    const next = afterSlowLook(state, limit);
    return next === 'switched' ? { stop: next } : undefined;
  }
  if (count > 0) size.failed(count);
  else state.walk.advance({ last: undefined, isMore: false, picked: 0, limit, elapsedMs: 0 });
  return undefined;
}

function waitForTable(state: TargetState): Step {
  state.tableLockedTimes += 1;
  if (state.tableLockedTimes <= TABLE_LOCK_PAUSES_MS.length) return undefined;
  state.policy.notes.push(
    'Stopped: another session has the whole table locked, or that of a hold.',
  );
  return { stop: 'blocked' };
}

/** 0 unless the last step found the whole table locked. */
function tableLockPauseMs({ tableLockedTimes }: TargetState): number {
  return TABLE_LOCK_PAUSES_MS[tableLockedTimes - 1] ?? 0;
}
