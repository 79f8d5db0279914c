import type { ForeignKey } from './catalog.ts';

/**
 * What a run would do now. Plain data: it survives JSON, so it can be looked at, kept, and given to
 * `run({ plan })` later.
 */
export interface CleanupPlan<Name extends string = string> {
  /** The database's time, UTC, with microseconds. Cut-offs are this minus the age. */
  readonly at: string;
  /** No policy is refused. */
  readonly ok: boolean;
  /** Of all the policies' hashes. */
  readonly hash: string;
  readonly policies: { readonly [K in Name]: PolicyPlan };
}

/** One policy of a {@link CleanupPlan}. What could not be found out, because of a refusal, is null. */
export interface PolicyPlan {
  readonly policy: string;
  /** With its schema, quoted where needed; as the policy has it when no such table was found. */
  readonly table: string;
  /** UTC, with microseconds. Rows before it go. */
  readonly cutOff: string;
  /** Rows that would go. */
  readonly candidates: RowCount | null;
  /** Rows in the table. */
  readonly rows: RowCount | null;
  /** `candidates` of `rows`, 0 to 1. */
  readonly share: number | null;
  /** The index that the batches walk; null when the table is read whole, which only a small one may be. */
  readonly index: string | null;
  /** Foreign keys that point at the table. */
  readonly foreignKeys: readonly ForeignKey[];
  /** What else to know before running it. */
  readonly warnings: readonly string[];
  /** Why `run()` would not touch it; empty when it would. */
  readonly refusals: readonly Refusal[];
  /** The statement of the first batch. */
  readonly sql: { readonly text: string; readonly values: readonly unknown[] } | null;
  /**
   * Of what the policy says: its name, table, column, age, zone and condition with its values; not
   * of the time, nor of the counts. `run({ plan })` takes the plan only when it is still the same.
   */
  readonly hash: string;
}

/** A number of rows: counted, or (`isExact` false) counted up to a bound or taken from statistics. */
export interface RowCount {
  readonly count: number;
  readonly isExact: boolean;
}

/** Why a policy is not run. `message` names what it is about and what to do. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
}

/**
 * - `unknown-table`, `unknown-column`: not there, or not visible to this role.
 * - `table-kind`: a view, foreign table, partitioned table, or one with inheritance children.
 * - `column-type`: the column does not hold timestamps.
 * - `zone`: `olderThan.zone` is missing, not wanted, or not the name of a zone that the server knows.
 * - `no-primary-key`: rows could not be told apart safely.
 * - `missing-index`: the table is large and no index gives its rows in the order of the cut-off.
 * - `missing-child-index`: a large table references this one and has no index on that.
 * - `no-statistics`: too large to count, and never analyzed, so the share is unknown.
 * - `share`: more than `safety.maxShare` would go. The only one that `run({ plan })` lifts.
 * - `plan`: the plan that was given does not show this policy, is not of it, or its cut-off is later than now allowed.
 * - `statement`: the server does not accept the statement; mostly a mistake in `where`.
 */
export type RefusalCode =
  | 'unknown-table'
  | 'unknown-column'
  | 'table-kind'
  | 'column-type'
  | 'zone'
  | 'no-primary-key'
  | 'missing-index'
  | 'missing-child-index'
  | 'no-statistics'
  | 'share'
  | 'plan'
  | 'statement';
