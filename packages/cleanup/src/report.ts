import type { PolicyFailedError } from './errors.ts';
import type { Refusal } from './plan.ts';

/** What a run did. */
export interface CleanupReport<Name extends string = string> {
  /**
   * What the history knows the run by, and `undo()` and `restore()` take. Undefined when it never got
   * the lease, so that nothing was done: every policy is `busy`, `aborted`, out of time or `failed`.
   */
  readonly runId: string | undefined;
  /**
   * No policy was refused, blocked, failed or fenced. Stopping at a budget, a throttle, an abort, a
   * request to stop or a busy table is no fault.
   */
  readonly ok: boolean;
  /** Over all policies. */
  readonly deleted: number;
  readonly durationMs: number;
  /** What to know of the run itself: that its lease could not be given back. Mostly empty. */
  readonly notes: readonly string[];
  readonly policies: { readonly [K in Name]: PolicyReport };
}

/**
 * - `drained`: nothing expired is left.
 * - `budget-rows`, `budget-time`, `aborted`: more may be left; the next run goes on.
 * - `stopped`: somebody asked this run to stop, by `stop()`.
 * - `throttled`: a throttle did not let it go on within the budget, or for ten minutes.
 * - `busy`: another runner is at work; it goes on, this one leaves it.
 * - `fenced`: the lease went to another runner, because this one was not heard of for too long; what
 *   it had not committed by then was rolled back.
 * - `blocked`: all is deleted but the rows in `blocked` and those counted in `skipped`; or `notes` say
 *   what kept the rest: the whole table was locked, or due rows kept coming.
 * - `refused`: nothing was touched; see `refusals`.
 * - `failed`: see `error`.
 */
export type StopReason =
  | 'drained'
  | 'budget-rows'
  | 'budget-time'
  | 'aborted'
  | 'stopped'
  | 'throttled'
  | 'busy'
  | 'fenced'
  | 'blocked'
  | 'refused'
  | 'failed';

/** What a run did to one policy. */
export interface PolicyReport {
  readonly policy: string;
  readonly table: string;
  readonly stopped: StopReason;
  /** UTC, with microseconds; null when the database was not reached. */
  readonly cutOff: string | null;
  /** `deleted`, `softDeleted` and `skipped` together. */
  readonly picked: number;
  /** Rows gone from the table, exactly: of committed batches only. Those that were purged are in it. */
  readonly deleted: number;
  /** Rows in the archive now, those of children included. */
  readonly archived: number;
  /** Rows marked, which may be taken back. */
  readonly softDeleted: number;
  /** Rows that had been marked, and are gone now that nobody may take that back. */
  readonly purged: number;
  /** Partitions that were dropped; their rows are in `deleted` as far as statistics knew them. */
  readonly droppedPartitions: readonly string[];
  /** Picked, and left by the delete: a BEFORE DELETE trigger kept them, or `where` is not stable. */
  readonly skipped: number;
  /**
   * Rows of one batch whose COMMIT got no answer, and whose fate could not be asked afterwards. They
   * are gone or not, all of them, and are not in `deleted`. Else 0.
   */
  readonly unconfirmed: number;
  /** Expired rows that could not be deleted: the first 100. */
  readonly blocked: readonly BlockedRow[];
  readonly blockedCount: number;
  readonly batches: BatchStatistics;
  readonly durationMs: number;
  /** Spent waiting for throttles. */
  readonly throttledMs: number;
  /** WAL that the server wrote meanwhile, other sessions' included; null when it could not be asked. */
  readonly walBytes: number | null;
  /**
   * Estimate of what this table can use again once it is vacuumed, from the size that its rows had;
   * children are not in it. Null when the table's size or rows were unknown.
   */
  readonly reusableBytes: number | null;
  /** Why it was not run; empty otherwise. */
  readonly refusals: readonly Refusal[];
  /** What else to know: what becomes of the space, why it stopped early. */
  readonly notes: readonly string[];
  readonly error: PolicyFailedError | undefined;
}

/** Times of committed batches, from BEGIN to the answer to COMMIT. */
export interface BatchStatistics {
  readonly count: number;
  /** Rolled back, and then tried again with fewer rows or given up on. */
  readonly failedCount: number;
  /** Median and 99th percentile, within 5 %; null without a batch. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** An expired row that is still there, and why. */
export interface BlockedRow {
  /** Its primary key, as text, by column. */
  readonly key: Readonly<Record<string, string>>;
  /**
   * `locked`: another session holds it, or a row that goes with it. `slow`: deleting this row alone
   * ran into the statement timeout. `conflict`: deadlock or serialization failure. `rejected`: the
   * server refused: a foreign key, a trigger that raises.
   */
  readonly reason: 'locked' | 'slow' | 'conflict' | 'rejected';
  /** SQLSTATE. */
  readonly code: string;
  /** The server's words. */
  readonly message: string;
  /** The constraint that stood in the way, if one did. */
  readonly constraint?: string | undefined;
}
