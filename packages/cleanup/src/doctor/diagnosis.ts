/** What `cleanup.doctor()` found. Plain data. */
export interface CleanupDiagnosis {
  /** Nothing was found that is worse than `info`. */
  readonly ok: boolean;
  /** The worst first. */
  readonly findings: readonly CleanupFinding[];
  /** Every table of a policy, or each partition of it that has rows itself. */
  readonly tables: readonly TableState[];
}

/** Something that an operator should know. */
export interface CleanupFinding {
  readonly code: FindingCode;
  /**
   * `error`: a run fails or refuses because of it. `warn`: it works, and slowly, or to no use, or
   * something is left to be done. `info`: nothing to be done.
   */
  readonly severity: FindingSeverity;
  /** The policies that it is about; empty when it is about all of them. */
  readonly policies: readonly string[];
  /** With its schema, quoted; null when it is about no table. */
  readonly table: string | null;
  /** What is the case, in a sentence with its numbers. */
  readonly message: string;
  /** What to do; null when there is nothing to do. */
  readonly remedy: string | null;
  /** The statements that do it, in order, each by itself and outside a transaction; may be empty. */
  readonly sql: readonly string[];
}

export type FindingSeverity = 'error' | 'warn' | 'info';

/**
 * - `examination-failed`: a part of the diagnosis could not be made.
 * - `read-only`: this database takes no changes: a standby, or `default_transaction_read_only`.
 * - `tables-missing`, `history-rights`: of the history, without which nothing runs.
 * - `lease-held`, `lease-expired`: who is at work, or died at it.
 * - `unknown-table`, `missing-right`: of a policy, its children or its holds.
 * - `missing-index`, `missing-child-index`, `missing-hold-index`, `invalid-index`.
 * - `never-analyzed`, `old-statistics`, `dead-rows`, `autovacuum-off`, `reusable-space`.
 * - `long-transaction`, `prepared-transaction`, `replication-slot`, `standby-feedback`: vacuum is held
 *   back by them, or write-ahead log is kept for them.
 * - `sessions-hidden`: this role does not see what others do.
 * - `unfinished-detach`: a partition is half detached.
 * - `soft-deleted`, `purge-overdue`: rows that are marked.
 * - `archive`: what an archive says of itself, such as files that no run has committed.
 */
export type FindingCode =
  | 'examination-failed'
  | 'read-only'
  | 'tables-missing'
  | 'history-rights'
  | 'lease-held'
  | 'lease-expired'
  | 'unknown-table'
  | 'missing-right'
  | 'missing-index'
  | 'missing-child-index'
  | 'missing-hold-index'
  | 'invalid-index'
  | 'never-analyzed'
  | 'old-statistics'
  | 'dead-rows'
  | 'autovacuum-off'
  | 'reusable-space'
  | 'long-transaction'
  | 'prepared-transaction'
  | 'replication-slot'
  | 'standby-feedback'
  | 'sessions-hidden'
  | 'unfinished-detach'
  | 'soft-deleted'
  | 'purge-overdue'
  | 'archive';

/** What a table takes, and how it is kept. */
export interface TableState {
  /** With its schema, quoted. */
  readonly table: string;
  readonly policies: readonly string[];
  readonly heapBytes: number;
  /** With its index. */
  readonly toastBytes: number;
  readonly indexBytes: number;
  /**
   * Estimate of the part of the heap that no live row takes: free, or free once it is vacuumed. Null
   * without statistics.
   */
  readonly reusableBytes: number | null;
  /** As the statistics system counts them; null when the table was never analyzed. */
  readonly liveRows: number | null;
  readonly deadRows: number;
  /** By autovacuum or by hand, whichever was later: UTC, ISO; null when never, or not known any more. */
  readonly vacuumedAt: string | null;
  readonly analyzedAt: string | null;
}
