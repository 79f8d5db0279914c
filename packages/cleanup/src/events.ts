import type { RowCount } from './plan.ts';
import type { BlockedRow, PolicyReport } from './report.ts';

/** What a run tells while it runs. Called between batches; a slow listener slows the run. */
export type CleanupEvent =
  | PolicyStartedEvent
  | BatchEvent
  | BatchFailedEvent
  | RowBlockedEvent
  | ThrottledEvent
  | PolicyEndedEvent;

/** The policy is not refused, and its first batch is next. */
export interface PolicyStartedEvent {
  readonly type: 'policy-started';
  readonly policy: string;
  readonly table: string;
  readonly cutOff: string;
  readonly candidates: RowCount;
}

/** A batch was committed. */
export interface BatchEvent {
  readonly type: 'batch';
  readonly policy: string;
  /** Rows that this batch deleted, or marked by a soft delete. */
  readonly batchDeleted: number;
  readonly batchMs: number;
  /** Rows that the policy has deleted or marked in this run so far. */
  readonly deleted: number;
  /** Rows there were to delete when the policy started; `deleted` may pass it when it is not exact. */
  readonly candidates: RowCount;
  /** Since the policy started, pauses included. */
  readonly rowsPerSecond: number;
  /** Time left at that rate, without a budget; null while there is no rate. */
  readonly etaMs: number | null;
  /** Rest before the next batch. */
  readonly pauseMs: number;
}

/** A batch was rolled back; the run goes on with fewer rows. */
export interface BatchFailedEvent {
  readonly type: 'batch-failed';
  readonly policy: string;
  /** Rows that were tried. */
  readonly batchSize: number;
  readonly code: string;
  readonly message: string;
}

/** A row was found that cannot be deleted. A later pass that finds it again says so again. */
export interface RowBlockedEvent {
  readonly type: 'row-blocked';
  readonly policy: string;
  readonly row: BlockedRow;
}

/** A throttle does not let the next batch go yet. */
export interface ThrottledEvent {
  readonly type: 'throttled';
  readonly policy: string;
  readonly throttle: string;
  readonly reason: string;
  /** It is asked again after this. */
  readonly retryMs: number;
}

/** The policy is over; also told of one that was refused. */
export interface PolicyEndedEvent {
  readonly type: 'policy-ended';
  readonly policy: string;
  readonly report: PolicyReport;
}
