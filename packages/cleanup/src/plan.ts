import type { OnDelete } from './catalog/foreign-keys.ts';

/**
 * What a run would do now. Plain data: it survives JSON, so it can be looked at, kept, and given to
 * `run({ plan })` later.
 */
export interface CleanupPlan<Name extends string = string> {
  /** The database's time, UTC, with microseconds. Cut-offs are this minus the age. */
  readonly at: string;
  /** No policy is refused. */
  readonly ok: boolean;
  /**
   * Of all the policies' hashes, and of the shares (in steps of 5 %) of those that are refused for
   * theirs. `run({ accept: hash })` accepts them.
   */
  readonly hash: string;
  readonly policies: { readonly [K in Name]: PolicyPlan };
}

/** One policy of a {@link CleanupPlan}. What could not be found out, because of a refusal, is null. */
export interface PolicyPlan {
  readonly policy: string;
  /** With its schema, quoted where needed; as the policy has it when no such table was found. */
  readonly table: string;
  /** What happens to the rows. */
  readonly outcome: 'delete' | 'archive' | 'soft-delete' | 'drop-partitions';
  /** UTC, with microseconds. Rows before it go; with an age for each row, that of the default. */
  readonly cutOff: string;
  /** Rows that would go; of a soft delete, those that would be marked, and those that would be purged. */
  readonly candidates: RowCount | null;
  /** Those of {@link PolicyPlan.candidates} that were soft-deleted earlier; null without a soft delete. */
  readonly purgeable: RowCount | null;
  /** Rows in the table. */
  readonly rows: RowCount | null;
  /** `candidates` of `rows`, 0 to 1. */
  readonly share: number | null;
  /** The index that the batches walk; null when the heap is read, or several are. */
  readonly index: string | null;
  /** How each leaf is gone through: the table itself, or its partitions. */
  readonly walks: readonly LeafWalk[];
  /** Partitions that would be dropped; null for other outcomes. */
  readonly partitions: readonly DuePartition[] | null;
  /** Foreign keys that point at the table, and at tables that are cascaded to, to any depth. */
  readonly foreignKeys: readonly ForeignKey[];
  /** Tables that cascade in a circle, each as the way from the first back to itself. */
  readonly cycles: readonly (readonly string[])[];
  /** Tables whose rows may hold a row back. */
  readonly holds: readonly string[];
  /**
   * Where holds are looked up among what cascades, since a row that takes a held one along stays:
   * each as the child, its columns and the table of the hold.
   */
  readonly holdsBelow: readonly string[];
  /** Why holds do not count; null when they do. */
  readonly exemptBecause: string | null;
  /** What else to know before running it. */
  readonly warnings: readonly string[];
  /** Why `run()` would not touch it; empty when it would. */
  readonly refusals: readonly Refusal[];
  /** The statements of the first batch; null when nothing is due or something is wrong. */
  readonly sql: BatchSql | null;
  /**
   * Of what the policy says: its name, table, rule, condition with its values, holds and outcome; not
   * of `safety.maxShare`, the time, nor the counts. `run({ plan })` takes the plan only when it is still the same.
   */
  readonly hash: string;
}

/** How one leaf is gone through. */
export interface LeafWalk {
  /** With its schema, quoted. */
  readonly table: string;
  /** `empty`: by its bounds no row of the partition can be due, and it is not read. */
  readonly kind: 'keyset' | 'heap-windows' | 'empty';
  /** Of a keyset walk. */
  readonly index: string | null;
  /** Size of the heap, in pages; heap windows read all of them. */
  readonly pages: number;
  /** Due rows; null when they were not counted. */
  readonly due: RowCount | null;
}

/** A partition whose rows are all before the cut-off. */
export interface DuePartition {
  /** With its schema, quoted. */
  readonly table: string;
  /** Its upper bound, as the server writes it. */
  readonly bound: string;
  /** From statistics; null when it was never analyzed. */
  readonly rows: number | null;
  /** With indexes and TOAST. */
  readonly bytes: number;
}

/** The two statements of a batch. The first one's ctids are a parameter of the second; here none. */
export interface BatchSql {
  /** Finds and locks the rows. */
  readonly pick: ShownStatement;
  /** Tests the condition again, and deletes, archives or marks them. */
  readonly act: ShownStatement;
}

/** A statement as JSON can hold it. */
export interface ShownStatement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** A foreign key by which deleting rows reaches other tables. */
export interface ForeignKey {
  readonly name: string;
  /** The referencing table, with its schema, quoted. */
  readonly table: string;
  readonly columns: readonly string[];
  /** The table that it references. */
  readonly references: string;
  /** 1 when that is the policy's own. */
  readonly depth: number;
  readonly onDelete: OnDelete;
  /** An index of the referencing table leads with these columns. */
  readonly isIndexed: boolean;
  /** Size of the referencing table, in pages. */
  readonly pageCount: number;
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
 * - `table-kind`: a view, foreign table, or one with inheritance children or rules; a partition that is a foreign table.
 * - `column-type`: the column does not hold timestamps, or an expression is of another type than it must be.
 * - `zone`: `zone` is missing, not wanted, or not the name of a zone that the server knows.
 * - `no-primary-key`: rows could not be told apart safely.
 * - `missing-index`: the table is large and no index gives its due rows; or the condition reads another table whole for every batch.
 * - `missing-child-index`: a large table references this one and has no index on that.
 * - `no-statistics`: too large to count, and never analyzed, so the share is unknown.
 * - `share`: more than `safety.maxShare` would go. The only one that `run({ plan })` and `run({ accept })` lift.
 * - `plan`: the plan or hash that was given does not show this policy, is not of it, or its cut-off is later than now allowed.
 * - `hold`: the table lacks a column of a hold, and the policy does not say that it is exempt.
 * - `hold-lock`: this role may not lock a hold's table, so a hold could be added behind a batch's back.
 * - `row-security`: rows of a hold or of a parent may be hidden from this role, which would look like none.
 * - `cycle`: rows cascade in a circle, so not all could be archived, or a held one could go along.
 * - `archive`: the archive cannot take the rows.
 * - `partitions`: they cannot be dropped.
 * - `statement`: the server does not accept the statement; mostly a mistake in `where`, or a missing right.
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
  | 'hold'
  | 'hold-lock'
  | 'row-security'
  | 'cycle'
  | 'archive'
  | 'partitions'
  | 'statement';
