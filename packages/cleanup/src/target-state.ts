import type { Action } from './batch/action.ts';
import type { createBatchSize } from './batch/batch-size.ts';
import type { FailedRow, OpenBatch, Site } from './batch/run-batch.ts';
import type { Cursor } from './history/ledger.ts';
import type { PassTally } from './policy-tally.ts';
import type { PolicyState } from './run-policy.ts';
import type { Position, Range, Target } from './walk/target.ts';
import type { WalkPass } from './walk/walk-pass.ts';

/** Where the work of one step on one leaf is. */
export interface TargetState {
  readonly policy: PolicyState;
  readonly step: 'main' | 'purge';
  /** Changes when the walk does. */
  target: Target;
  readonly action: Action;
  readonly size: ReturnType<typeof createBatchSize>;
  readonly marks: Position[];
  /** Rows that a trigger or a check refused; trying them again without a change is in vain. */
  readonly refused: FailedRow[];
  walk: WalkPass;
  pass: PassTally;
  complete: PassTally | undefined;
  /** The next batch goes by parts. */
  isByRows: boolean;
  conflictCount: number;
  tableLockedTimes: number;
  /** Batches that ran into the statement timeout while they only looked for rows. */
  slowLookCount: number;
  /** The value whose rows were counted last, for {@link isLongRun}. */
  countedValue: string | undefined;
}

/** What a batch is run with. */
export function siteOf(state: TargetState, range: Range): Site {
  const { policy, target, action, step } = state;
  const { database, pace, ledger } = policy;
  return {
    database,
    pace,
    target,
    action,
    ledger,
    facts: (batch) => ({
      step,
      kind: action.kind,
      cursor: cursorOf(state, range, batch),
      picked: batch.picked,
      deleted: action.kind === 'soft-delete' ? 0 : batch.result.count,
      softDeleted: action.kind === 'soft-delete' ? batch.result.count : 0,
      archived: batch.result.archived,
      blocked: batch.blocked.length,
    }),
  };
}

function cursorOf({ step, target }: TargetState, range: Range, batch: OpenBatch): Cursor {
  const leaf = target.leaf.oid;
  if (range.walk === 'keyset') {
    return { step, leaf, walk: 'keyset', position: batch.last ?? range.after ?? [] };
  }
  const page = batch.isMore ? pageOf(batch.last?.[0] ?? range.from) : String(range.toPage);
  return { step, leaf, walk: 'heap-windows', position: [page] };
}

function pageOf(ctid: string): string {
  return ctid.slice(1, ctid.indexOf(','));
}
