import type { CommitLostError } from './batch/lost-commit.ts';
import type { CommittedBatch } from './batch/run-batch.ts';
import { restMs } from './pace.ts';
import { addBlocked } from './policy-tally.ts';
import type { TargetState } from './target-state.ts';

/** Rows that refused are passed by in later passes; beyond so many they are tried again. */
const REFUSED_MAX = 10_000;

/** Adds a committed batch to the counts, and tells of it. */
export function countBatch(state: TargetState, batch: CommittedBatch, elapsedMs: number): void {
  const { policy, pass } = state;
  const { tally, budget, database, candidates } = policy;
  const { count } = batch.result;
  addCounts(state, batch);
  for (const failed of batch.blocked) {
    const { row } = failed;
    addBlocked(pass, row);
    if (row.reason === 'rejected' && !isReference(row.code) && state.refused.length < REFUSED_MAX) {
      state.refused.push(failed);
    }
    policy.emit({ type: 'row-blocked', policy: policy.policy, row });
  }
  if (batch.picked === 0) return;
  budget.spend(count);
  policy.batchTimes.add(elapsedMs);
  const done = tally.deleted + tally.softDeleted;
  const seconds = Math.max(database.clock.monotonic() - policy.startedAt, 1) / 1000;
  const rowsPerSecond = done / seconds;
  const rowsLeft = Math.max(0, candidates.count - done);
  policy.emit({
    type: 'batch',
    policy: policy.policy,
    batchDeleted: count,
    batchMs: elapsedMs,
    deleted: done,
    candidates,
    rowsPerSecond,
    etaMs: rowsPerSecond > 0 ? (rowsLeft / rowsPerSecond) * 1000 : null,
    pauseMs: restMs(elapsedMs, policy.pace.dutyCycle),
  });
}

/** A row that is referenced goes once what references it is gone. */
function isReference(code: string): boolean {
  return code === '23503' || code === '23001';
}

function addCounts({ policy, action, pass }: TargetState, batch: CommittedBatch): void {
  const { tally } = policy;
  const { count, archived } = batch.result;
  if (action.kind === 'soft-delete') tally.softDeleted += count;
  else tally.deleted += count;
  if (action.kind === 'purge') tally.purged += count;
  tally.archived += archived;
  pass.acted += count;
  pass.skipped += batch.picked - count;
}

/** Adds a batch whose COMMIT got no answer, as far as its fate is known. */
export function countLostCommit(state: TargetState, { fate, batch }: CommitLostError): void {
  const { tally, budget } = state.policy;
  if (fate === 'aborted') return;
  // Also when nobody knows: the next policy must not go over the budget.
  budget.spend(batch.result.count);
  if (fate === 'unknown') tally.unconfirmed += batch.result.count;
  else addCounts(state, batch);
}
