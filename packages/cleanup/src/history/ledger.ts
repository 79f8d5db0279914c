import type { Database, Query } from '../database.ts';
import type { PolicyReport } from '../report.ts';

/*
 * What runs remember of themselves, and how one run keeps others out. The books are written in the
 * transaction of the batch that they are about, so they are exact whatever happens to the process.
 */

/** Where runs are written down. */
export interface Ledger {
  /**
   * Shares that were accepted before, by policy hash. Only reads, in the transaction of the plan;
   * empty when the tables are not there.
   */
  acceptedShares(query: Query): Promise<ReadonlyMap<string, number>>;
  /**
   * Takes the lease. `busy`: another runner has it.
   *
   * @throws CleanupTablesMissingError when the tables are not there.
   */
  open(opening: RunOpening): Promise<LedgerRun | 'busy'>;
}

export interface RunOpening {
  readonly database: Database;
  /** Database time of the run's start, UTC with microseconds. */
  readonly now: string;
}

/** One run that has the lease. */
export interface LedgerRun {
  readonly runId: string;
  /** Keeps the lease, between batches. Called every 10 s at least, also while throttled. */
  heartbeat(): Promise<LeaseState>;
  openPolicy(opening: PolicyOpening): Promise<LedgerPolicy>;
  /** Gives the lease back, and prunes the history. */
  close(summary: { readonly ok: boolean }): Promise<void>;
}

/**
 * `lost`: the lease is another's; nothing may be committed any more. `stop-requested`: somebody asked
 * this run to stop; the batch is not begun.
 */
export type LeaseState = 'held' | 'lost' | 'stop-requested';

export interface PolicyOpening {
  readonly policy: string;
  readonly hash: string;
  /** With its schema, quoted. */
  readonly table: string;
  readonly cutOff: string;
  /** Share of the table that goes, 0 to 1; null when unknown. */
  readonly share: number | null;
  /** The share was accepted by a plan or a hash, and is to be remembered as such. */
  readonly isShareAccepted: boolean;
}

/** The books of one policy in one run. */
export interface LedgerPolicy {
  /** Where an earlier run of the same policy hash stopped that was not drained. */
  readonly cursor: Cursor | undefined;
  /**
   * Stands before the first snapshot that a batch's transaction looks at rows with: holds the lease
   * until its end, and makes this the only runner on the table with the oid `table`; `busy`: a run of
   * another name is at work on it. When not `held`, the batch is rolled back.
   */
  fence(query: Query, table: string): Promise<LeaseState | 'busy'>;
  /** Last statement before COMMIT. */
  record(query: Query, facts: BatchFacts): Promise<void>;
  /** The policy is over; also called for one that was refused or failed. Never throws for the report's content. */
  close(report: PolicyReport): Promise<void>;
}

/** Where a walk is. Plain data. */
export interface Cursor {
  readonly step: 'main' | 'purge';
  /** oid of the leaf. */
  readonly leaf: string;
  /** The walk's own. */
  readonly position: readonly string[];
  readonly walk: 'keyset' | 'heap-windows';
}

/** What one committed batch did. */
export interface BatchFacts {
  readonly step: 'main' | 'purge';
  readonly kind: string;
  readonly cursor: Cursor | undefined;
  readonly picked: number;
  /** Rows gone from the table. */
  readonly deleted: number;
  readonly softDeleted: number;
  readonly archived: number;
  /** Rows that were found to be impossible to delete; as in the report. */
  readonly blocked: number;
}
