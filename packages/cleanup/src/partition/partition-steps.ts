import {
  CommitUnansweredError,
  inTransaction,
  isServerError,
  type Query,
  type TransactionLimits,
} from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { StopReason } from '../report.ts';
import type { PartitionContext, PartitionRun } from '../wiring.ts';
import { detachConcurrently } from './detach.ts';
import { holdOn, lockHolds } from './held-rows.ts';
import type { PartitionWork } from './look.ts';
import {
  addMark,
  noteDropped,
  type PartitionMark,
  removeMark,
  stateOf,
  wasDropped,
} from './marks.ts';

/*
 * The steps by which one partition goes. Each looks for itself whether it is its turn, so any of them
 * may be the first one after a crash.
 *
 *   attached   mark, then detach concurrently              → pending → detached
 *              or, beside a default partition, detach and drop in one transaction
 *   pending    detach … finalize                           → detached
 *   detached   look for held rows, then drop               → gone
 *              or attach it again: held by now, or not due any more
 */

export interface StepSite {
  readonly context: PartitionContext;
  readonly run: PartitionRun;
  readonly runId: string;
}

/** The partition is not to go. */
export class PartitionKeptError extends Error {
  /** Nobody knows whether a row is held: looking took too long. */
  readonly isUnknown: boolean;

  constructor(message: string, options: ErrorOptions & { readonly isUnknown?: boolean } = {}) {
    super(message, options);
    this.isUnknown = options.isUnknown === true;
  }
}

/** Nothing may be done any more. */
export class PartitionStopError extends Error {
  readonly stop: StopReason;

  constructor(stop: StopReason) {
    super(stop);
    this.stop = stop;
  }
}

/**
 * Just below the time after which the server looks for deadlocks, by default: a transaction that
 * still reads the partition must not be the one that is given up for this one.
 */
const FINALIZE_LOCK_MS = 900;
/** Below the time that a lease lasts without a sign of life. */
const STEP_MAX_MS = 30_000;
/** Looking for held rows was done in time before the partition was detached; let it not fail after. */
const SECOND_LOOK = 4;

export function limitsOf(
  run: PartitionRun,
  more: Partial<TransactionLimits> = {},
): TransactionLimits {
  const { lockTimeoutMs, statementTimeoutMs } = run.pace;
  return { lockTimeoutMs, statementTimeoutMs, access: 'read write', ...more };
}

/** Writes down what is about to happen. */
export function markPartition(
  { context, run, runId }: StepSite,
  work: PartitionWork,
): Promise<void> {
  return fenced({ context, run, runId }, limitsOf(run), async (query) => {
    await addMark(query, context.historySchema, runId, work.mark);
  });
}

/** First phase and second phase, as far as they get. */
export async function detachPartition({ run }: StepSite, { mark }: PartitionWork): Promise<void> {
  const limitMs = Math.min(STEP_MAX_MS, run.pace.statementTimeoutMs);
  await detachConcurrently(run.database, mark, limitMs);
}

/** Second phase of one that was interrupted. Waits for every snapshot that is older. */
export function finalizePartition(site: StepSite, { mark }: PartitionWork): Promise<void> {
  const limits = limitsOf(site.run, { lockTimeoutMs: FINALIZE_LOCK_MS });
  return fenced(site, limits, async (query) => {
    await query(`alter table ${mark.parent} detach partition ${mark.table} finalize`);
  });
}

/**
 * Detaches and drops in one transaction. The whole table is locked first, since everybody else locks
 * it before its partition, and only once it is known that no row is held.
 */
export function dropAttached(site: StepSite, work: PartitionWork): Promise<void> {
  return dropping(site, work, limitsOf(site.run), async (query) => {
    const { mark } = work;
    await lockHolds(query, site.context.holds);
    await failIfHeld(site, query, work);
    await query(`lock table only ${mark.parent} in access exclusive mode`);
    await query(`lock table ${mark.table} in access exclusive mode`);
    await expectState(query, work, 'attached');
    await query(`alter table ${mark.parent} detach partition ${mark.table}`);
  });
}

/**
 * Drops what was detached. A hold that came between is seen, and none can come while this lasts.
 *
 * @throws PartitionKeptError when a row is held.
 */
export function dropDetached(site: StepSite, work: PartitionWork): Promise<void> {
  const { statementTimeoutMs } = site.run.pace;
  const limits = limitsOf(site.run, {
    statementTimeoutMs: Math.min(STEP_MAX_MS, SECOND_LOOK * statementTimeoutMs),
  });
  return dropping(site, work, limits, async (query) => {
    await lockHolds(query, site.context.holds);
    await query(`lock table ${work.mark.table} in access exclusive mode`);
    await expectState(query, work, 'detached');
    await failIfHeld(site, query, work);
  });
}

/** Puts it back into its place. The constraint that detaching has left makes it quick. */
export function attachAgain(site: StepSite, { mark }: PartitionWork): Promise<void> {
  return fenced(site, limitsOf(site.run, { statementTimeoutMs: STEP_MAX_MS }), async (query) => {
    await query(`alter table ${mark.parent} attach partition ${mark.table} ${mark.bound}`);
    await removeMark(query, site.context.historySchema, mark.oid);
  });
}

/** The partition is where it was, or somebody else's by now. */
export function forgetPartition(site: StepSite, mark: PartitionMark): Promise<void> {
  return fenced(site, limitsOf(site.run), (query) =>
    removeMark(query, site.context.historySchema, mark.oid),
  );
}

/** Looks for held rows before anything is done. */
export async function checkHolds(site: StepSite, work: PartitionWork): Promise<void> {
  if (site.context.holds.length === 0) return;
  const limits = limitsOf(site.run, { access: 'read only' });
  await inTransaction(site.run.database, limits, (query) => failIfHeld(site, query, work));
}

async function failIfHeld(
  { context }: StepSite,
  query: Query,
  { mark }: PartitionWork,
): Promise<void> {
  const alias = quoteIdentifier(context.facts.name);
  let hold: string | undefined;
  try {
    hold = await holdOn(query, context.holds, { table: mark.table, alias });
  } catch (error) {
    if (!isServerError(error) || error.code !== '57014') throw error;
    const message = `${mark.table} is due and stays: looking for rows of it that are held took too long`;
    throw new PartitionKeptError(message, { cause: error, isUnknown: true });
  }
  if (hold !== undefined) {
    throw new PartitionKeptError(`${mark.table} is due and stays: ${hold} holds rows of it`);
  }
}

/** Under the lock: the name is still that of the very table, and it is where it should be. */
async function expectState(
  query: Query,
  { mark }: PartitionWork,
  wanted: 'attached' | 'detached',
): Promise<void> {
  const state = await stateOf(query, mark);
  if (state !== wanted) {
    throw new PartitionKeptError(`${mark.table} was left alone: it is ${state}, not ${wanted}`);
  }
}

/** `prepare`, the drop, and the books, in one transaction. */
async function dropping(
  site: StepSite,
  { mark }: PartitionWork,
  limits: TransactionLimits,
  prepare: (query: Query) => Promise<void>,
): Promise<void> {
  const { context, run, runId } = site;
  try {
    await fenced(site, limits, async (query) => {
      await prepare(query);
      await query(`drop table ${mark.table}`);
      await noteDropped(query, context.historySchema, runId, mark.oid);
      await run.ledger.record(query, {
        step: 'main',
        kind: 'drop-partition',
        cursor: undefined,
        picked: mark.rows ?? 0,
        deleted: mark.rows ?? 0,
        softDeleted: 0,
        archived: 0,
        blocked: 0,
      });
    });
  } catch (error) {
    if (!(error instanceof CommitUnansweredError)) throw error;
    const database = { ...run.database, signal: undefined };
    const isDropped = await inTransaction(database, limitsOf(run), (query) =>
      wasDropped(query, context.historySchema, runId, mark.oid),
    );
    if (!isDropped) throw error;
  }
}

/** The lease first, then the lock that keeps runners of other names off the table. */
function fenced(
  { context, run }: StepSite,
  limits: TransactionLimits,
  work: (query: Query) => Promise<void>,
): Promise<void> {
  return inTransaction(run.database, limits, async (query) => {
    const state = await run.ledger.fence(query, context.facts.oid);
    if (state === 'busy') throw new PartitionStopError('busy');
    if (state !== 'held') throw new PartitionStopError(state === 'lost' ? 'fenced' : 'stopped');
    await work(query);
  });
}
