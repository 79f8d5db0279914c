import { obstacleIn } from '../batch/obstacle.ts';
import { inTransaction, isServerError } from '../database.ts';
import { restMs } from '../pace.ts';
import type { DuePartition } from '../plan.ts';
import type { StopReason } from '../report.ts';
import type { PartitionContext, PartitionOutcome, PartitionRun } from '../wiring.ts';
import { lookAtPartitions, type PartitionWork, shownPartition } from './look.ts';
import { type MarkState, stateOf } from './marks.ts';
import {
  attachAgain,
  checkHolds,
  detachPartition,
  dropAttached,
  dropDetached,
  finalizePartition,
  forgetPartition,
  limitsOf,
  markPartition,
  PartitionKeptError,
  PartitionStopError,
  type StepSite,
} from './partition-steps.ts';

const LOOK = { lockTimeoutMs: 2_000, statementTimeoutMs: 10_000, access: 'read only' } as const;
/** Pauses after a lock that did not come, in milliseconds: 23 s together. */
const LOCK_PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 8_000];

interface State extends StepSite {
  readonly dropped: DuePartition[];
  readonly notes: string[];
  /** Rows of everything that is to go, as far as known. */
  readonly candidates: number;
  readonly startedAt: number;
  partitionStartedAt: number;
  /** Tables with a partition that stays between the phases: the server detaches no other one there. */
  readonly waiting: Set<string>;
  isBlocked: boolean;
}

/**
 * Drops the partitions that are due, those that end first come first. Never throws: what goes wrong
 * is in the outcome, with what was dropped before it. What a crash or a lock leaves half done is
 * written down, and the next run goes on with it.
 */
export async function dropPartitions(
  context: PartitionContext,
  run: PartitionRun,
): Promise<PartitionOutcome> {
  const dropped: DuePartition[] = [];
  const notes: string[] = [];
  const outcome = (stopped: StopReason, error?: unknown): PartitionOutcome => {
    if (dropped.length > 0) {
      notes.unshift(
        'Rows of the dropped partitions are those that the statistics knew of, or that were counted before.',
      );
    }
    return { stopped, dropped, notes, ...(error !== undefined && { error }) };
  };
  try {
    return outcome(await dropAll(context, run, dropped, notes));
  } catch (error) {
    if (error instanceof PartitionStopError) return outcome(error.stop);
    const { signal } = run.database;
    if (signal?.aborted === true && error === signal.reason) return outcome('aborted');
    return outcome('failed', error);
  }
}

async function dropAll(
  context: PartitionContext,
  run: PartitionRun,
  dropped: DuePartition[],
  notes: string[],
): Promise<StopReason> {
  const { runId } = context;
  if (runId === undefined) throw new TypeError('partitions can only be dropped within a run');
  const { clock } = run.database;
  const look = await inTransaction(run.database, LOOK, (query) => lookAtPartitions(query, context));
  if (look.refusals[0]) throw new Error(look.refusals[0].message);
  notes.push(...look.stuck.map(({ note }) => note));
  const state: State = {
    context,
    run,
    runId,
    dropped,
    notes,
    candidates: look.work.reduce((sum, { mark, isDue }) => sum + (isDue ? (mark.rows ?? 0) : 0), 0),
    startedAt: clock.monotonic(),
    partitionStartedAt: 0,
    waiting: new Set(),
    isBlocked: look.stuck.some(({ isHeld }) => !isHeld),
  };
  for (const mark of look.stale) await forgetPartition(state, mark);
  const stopped = await dropEach(state, look.work);
  return stopped ?? (state.isBlocked ? 'blocked' : 'drained');
}

/** One after another; resolves with why it stopped early. */
async function dropEach(
  state: State,
  works: readonly PartitionWork[],
): Promise<StopReason | undefined> {
  const { run, context } = state;
  const { clock } = run.database;
  let idleMs = 0;
  for (const work of works) {
    const stop =
      (await rest(state, idleMs)) ??
      run.budget.reasonToStop() ??
      (await run.gate.pass(context.policy));
    if (stop) return stop;
    idleMs = 0;
    if (state.waiting.has(work.mark.parent)) continue;
    if (work.isDue && !isAffordable(state, work)) return 'budget-rows';
    state.partitionStartedAt = clock.monotonic();
    await dropOne(state, work);
    idleMs = restMs(clock.monotonic() - state.partitionStartedAt, run.pace.dutyCycle);
  }
  return undefined;
}

/** A partition goes as a whole, so a budget of rows that it does not fit in leaves it. */
function isAffordable({ run, notes }: State, { mark }: PartitionWork): boolean {
  const { rowsLeft } = run.budget;
  if (rowsLeft === Infinity || (mark.rows ?? Infinity) <= rowsLeft) return true;
  const rows = mark.rows === null ? 'an unknown number of' : mark.rows.toLocaleString('en');
  notes.push(
    `Stopped before ${mark.table}: it has ${rows} rows, and ${rowsLeft.toLocaleString('en')} are left of the budget.`,
  );
  return false;
}

async function rest({ run }: State, ms: number): Promise<StopReason | undefined> {
  if (ms > 0 && ms >= run.budget.timeLeftMs) return 'budget-time';
  return run.gate.rest(ms);
}

/** Step by step until the partition is gone, or stays; what stands in the way is tried again a few times. */
async function dropOne(state: State, work: PartitionWork): Promise<void> {
  let failures = 0;
  for (;;) {
    try {
      if (await takeStep(state, work)) return;
    } catch (error) {
      state.run.database.signal?.throwIfAborted();
      const message = obstacleMessage(error);
      if (message === undefined) throw error;
      const pauseMs = LOCK_PAUSES_MS[failures];
      failures += 1;
      if (pauseMs === undefined) {
        await leave(state, work, message);
        return;
      }
      const stopped = await rest(state, pauseMs);
      if (stopped) throw new PartitionStopError(stopped);
    }
  }
}

async function leave(state: State, work: PartitionWork, message: string): Promise<void> {
  const { mark } = work;
  const isPending = (await whereIs(state, work)) === 'pending';
  if (isPending) state.waiting.add(mark.parent);
  const others = isPending ? `, and with it the others of ${mark.parent}` : '';
  block(state, `${mark.table} is left for the next run${others}: ${message}`);
}

function whereIs({ run }: State, { mark }: PartitionWork): Promise<MarkState> {
  return inTransaction(run.database, limitsOf(run, { access: 'read only' }), (query) =>
    stateOf(query, mark),
  );
}

/** What may be over in a moment; undefined for anything else. */
function obstacleMessage(error: unknown): string | undefined {
  const obstacle = obstacleIn(error);
  if (!obstacle || obstacle.reason === 'rejected') return undefined;
  return `${obstacle.error.message} (${obstacle.error.code})`;
}

/** True when there is nothing left to do about it. */
async function takeStep(state: State, work: PartitionWork): Promise<boolean> {
  const { mark, isDue } = work;
  const where = await whereIs(state, work);
  if (where === 'attached') return isDue ? takeOut(state, work) : keep(state, work);
  if (where === 'pending') {
    await finalizePartition(state, work);
    return false;
  }
  if (where === 'detached') {
    return isDue ? drop(state, work) : putBack(state, work, 'it is not due any more');
  }
  const what = where === 'gone' ? 'dropped' : 'renamed or moved';
  state.notes.push(`${mark.table} was left alone: somebody else has ${what} it.`);
  return keep(state, work);
}

async function keep(state: State, work: PartitionWork): Promise<true> {
  await forgetPartition(state, work.mark);
  return true;
}

async function takeOut(state: State, work: PartitionWork): Promise<boolean> {
  try {
    if (!work.hasDefault) {
      await checkHolds(state, work);
      await markPartition(state, work);
      await detachPartition(state, work);
      return await drop(state, work);
    }
    await markPartition(state, work);
    await dropAttached(state, work);
  } catch (error) {
    if (!(error instanceof PartitionKeptError)) throw error;
    if (error.isUnknown) state.isBlocked = true;
    state.notes.push(error.message);
    return keep(state, work);
  }
  count(state, work);
  return true;
}

async function drop(state: State, work: PartitionWork): Promise<true> {
  try {
    await dropDetached(state, work);
  } catch (error) {
    if (error instanceof PartitionKeptError) return putBack(state, work, error.message);
    // Something depends on it that did not when it was looked at.
    if (!isServerError(error) || error.code !== '2BP01') throw error;
    block(state, `${work.mark.table} is detached and could not be dropped: ${error.message}`);
    return true;
  }
  count(state, work);
  return true;
}

async function putBack(state: State, work: PartitionWork, why: string): Promise<true> {
  const { mark } = work;
  try {
    await attachAgain(state, work);
    state.notes.push(`${mark.table} was put back into ${mark.parent}: ${why}.`);
  } catch (error) {
    if (!isServerError(error) || obstacleMessage(error) !== undefined) throw error;
    const statement = `alter table ${mark.parent} attach partition ${mark.table} ${mark.bound}`;
    block(
      state,
      `${mark.table} is to go back into ${mark.parent} (${why}), and could not: ${error.message}; do it by hand: ${statement}`,
    );
  }
  return true;
}

function block(state: State, note: string): void {
  state.notes.push(note);
  state.isBlocked = true;
}

function count(state: State, { mark }: PartitionWork): void {
  const { run, context, candidates } = state;
  state.dropped.push(shownPartition(mark));
  run.budget.spend(mark.rows ?? 0);
  const deleted = state.dropped.reduce((sum, { rows }) => sum + (rows ?? 0), 0);
  const now = run.database.clock.monotonic();
  const elapsedMs = Math.max(now - state.startedAt, 1);
  const rowsPerSecond = (deleted / elapsedMs) * 1000;
  run.emit({
    type: 'batch',
    policy: context.policy,
    batchDeleted: mark.rows ?? 0,
    batchMs: now - state.partitionStartedAt,
    deleted,
    candidates: { count: candidates, isExact: false },
    rowsPerSecond,
    etaMs: rowsPerSecond > 0 ? (Math.max(0, candidates - deleted) / rowsPerSecond) * 1000 : null,
    pauseMs: 0,
  });
}
