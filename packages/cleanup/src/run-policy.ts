import type { Action } from './batch/action.ts';
import type { Database, TransactionLimits } from './database.ts';
import { createDurationHistogram, type DurationHistogram } from './duration-histogram.ts';
import type { CleanupEvent } from './events.ts';
import type { Gate } from './gate.ts';
import type { LedgerPolicy } from './history/ledger.ts';
import type { PaceSettings } from './options.ts';
import type { RowCount } from './plan.ts';
import { createPolicyTally, type PolicyTally } from './policy-tally.ts';
import type { StopReason } from './report.ts';
import type { RunBudget } from './run-budget.ts';
import { runTarget } from './run-target.ts';
import type { Target } from './walk/target.ts';

/** What to run, and within what. */
export interface PolicyJob {
  readonly policy: string;
  readonly database: Database;
  readonly pace: PaceSettings;
  readonly steps: readonly PolicyStep[];
  readonly candidates: RowCount;
  readonly budget: RunBudget;
  readonly gate: Gate;
  readonly ledger: LedgerPolicy;
  /** Of transactions that only look. */
  readonly lookLimits: TransactionLimits;
  readonly emit: (event: CleanupEvent) => void;
}

/** A way of acting on rows, and the leaves it is done on, one after another. */
export interface PolicyStep {
  readonly name: 'main' | 'purge';
  readonly targets: readonly Target[];
  readonly open: (target: Target) => Promise<Action>;
}

export interface PolicyResult {
  readonly stopped: StopReason;
  readonly tally: PolicyTally;
  readonly batchTimes: DurationHistogram;
  readonly notes: readonly string[];
  /** Set when `stopped` is `failed`. */
  readonly error?: unknown;
}

/** A job, and what came of it so far. */
export interface PolicyState extends PolicyJob {
  readonly tally: PolicyTally;
  readonly batchTimes: DurationHistogram;
  readonly notes: string[];
  readonly startedAt: number;
}

/** Never throws: whatever goes wrong is in the result, with what was committed before it. */
export async function runPolicy(job: PolicyJob): Promise<PolicyResult> {
  const state: PolicyState = {
    ...job,
    tally: createPolicyTally(),
    batchTimes: createDurationHistogram(),
    notes: [],
    startedAt: job.database.clock.monotonic(),
  };
  const { tally, batchTimes, notes } = state;
  const throttledBefore = job.gate.throttledMs;
  const result = (stopped: StopReason, error?: unknown): PolicyResult => {
    tally.throttledMs = job.gate.throttledMs - throttledBefore;
    return { stopped, tally, batchTimes, notes, ...(error !== undefined && { error }) };
  };
  try {
    return result(await runSteps(state));
  } catch (error) {
    const { signal } = job.database;
    if (signal?.aborted === true && error === signal.reason) return result('aborted');
    return result('failed', error);
  }
}

async function runSteps(state: PolicyState): Promise<StopReason> {
  let isBlocked = false;
  for (const step of state.steps) {
    for (const target of inOrder(step.targets, state)) {
      const stop = await runOn(state, step, target);
      // A leaf that somebody has locked does not keep the others.
      if (stop === 'blocked') isBlocked = true;
      else if (stop) return stop;
    }
  }
  const { blockedCount, skipped } = state.tally.left;
  return isBlocked || blockedCount + skipped > 0 ? 'blocked' : 'drained';
}

async function runOn(
  state: PolicyState,
  step: PolicyStep,
  target: Target,
): Promise<StopReason | undefined> {
  const action = await step.open(target);
  try {
    return await runTarget(state, step.name, target, action);
  } finally {
    await action.close?.();
  }
}

/** From the leaf on where the last run stopped; then the ones before it. */
function inOrder(targets: readonly Target[], { ledger }: PolicyState): readonly Target[] {
  const start = targets.findIndex(({ leaf }) => leaf.oid === ledger.cursor?.leaf);
  return start <= 0 ? targets : [...targets.slice(start), ...targets.slice(0, start)];
}
