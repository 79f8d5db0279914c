import type { Clock } from '@ops/timeout';
import type { RunSettings } from './options.ts';
import type { StopReason } from './report.ts';

/** What a run may still spend, over all its policies. */
export interface RunBudget {
  /** Rows that may still be deleted; Infinity without a limit. */
  readonly rowsLeft: number;
  /** Until the time is up; Infinity without a limit, never below 0. */
  readonly timeLeftMs: number;
  spend(rows: number): void;
  /** Why to stop before the next batch; undefined to go on. */
  reasonToStop(): StopReason | undefined;
}

/** The time starts now. */
export function createRunBudget(
  { budgetMs, budgetRows, signal }: RunSettings,
  clock: Clock,
): RunBudget {
  const endsAt = clock.monotonic() + budgetMs;
  let rowsLeft = budgetRows;
  const timeLeftMs = (): number => Math.max(0, endsAt - clock.monotonic());
  return {
    get rowsLeft() {
      return rowsLeft;
    },
    get timeLeftMs() {
      return timeLeftMs();
    },
    spend(rows) {
      rowsLeft -= rows;
    },
    reasonToStop() {
      if (signal?.aborted === true) return 'aborted';
      if (timeLeftMs() === 0) return 'budget-time';
      return rowsLeft <= 0 ? 'budget-rows' : undefined;
    },
  };
}
