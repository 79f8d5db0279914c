import type { CascadeGraph } from '../catalog/cascade-graph.ts';
import type { Leaf } from '../catalog/leaf.ts';
import type { Database, Query } from '../database.ts';
import type { Refusal } from '../plan.ts';
import type { Statement } from '../statement.ts';

/*
 * A batch is one transaction of two statements. The first picks due rows and locks them FOR UPDATE.
 * The second is an action's: it tests the whole condition again, and removes or marks the rows.
 *
 * Why two and not one: the second has a newer snapshot, so it sees what other tables got while the
 * first waited or ran: a parent that was inserted, a child that was added before the row was locked.
 * No child can be added after that, since a reference needs a lock that FOR UPDATE refuses.
 *
 * Why ctid: a row that this transaction has locked can neither be moved nor removed by anybody else
 * before it ends, so its ctid is the cheapest key there is. It means nothing before the lock or after
 * the transaction.
 */

/** What an action does to the rows. */
export type ActionKind = 'delete' | 'archive-table' | 'archive-files' | 'soft-delete' | 'purge';

/** Acts on picked rows. Made for one leaf and one step of one policy in one run. */
export interface Action {
  readonly kind: ActionKind;
  /**
   * The SQL that {@link act} will run, without running it. The plan shows it, and explains it to
   * find missing rights and columns, with no rows picked.
   */
  statement(rows: PickedRows): Statement;
  /**
   * Acts on the rows, in the batch's transaction, in one statement as a rule.
   *
   * May be called several times in one transaction, each under a savepoint: a row that cannot be
   * deleted is looked for by halves. When it throws, what it did in the database is undone and it
   * may be called again with some of the same rows. So it must not change anything outside the
   * database before its statement has succeeded. Throw the driver's error as it came: SQLSTATE
   * decides whether the row is at fault, the size, or everything.
   *
   * What it throws that is no server error (a full disk, a sink that hangs) fails the policy, and
   * the batch is rolled back.
   */
  act(query: Query, rows: PickedRows): Promise<ActionResult>;
  /**
   * Last word before COMMIT, once for each batch that acted on a row: sync files, write the
   * manifest. `query` is the batch's transaction.
   */
  beforeCommit?(query: Query): Promise<void>;
  /**
   * The batch is over. `unknown`: COMMIT got no answer, and the server could not be asked. Only for
   * keeping books; what must be exact belongs into the transaction. Should not throw: that fails the
   * policy, although the batch is what `fate` says.
   */
  afterBatch?(fate: 'committed' | 'rolled-back' | 'unknown'): Promise<void>;
  /** The step is over on this leaf, in whichever way. */
  close?(): Promise<void>;
}

/** Rows that this transaction has locked. */
export interface PickedRows {
  readonly count: number;
  /** `tid[]` as text. */
  readonly ctids: string;
  /**
   * The condition of {@link Action.act}'s `where`: these rows, and the policy's whole condition
   * again. Parameters are appended to `values`. The table must be called by {@link Leaf.alias}:
   * `delete from only ${leaf.sql} as ${leaf.alias} where ${rows.stillDue(values)}`.
   */
  stillDue(values: unknown[]): string;
}

/** What became of the rows. A row may be picked and not be acted on: a trigger kept it. */
export interface ActionResult {
  /** Rows of the policy's own table that were deleted, or marked by a soft delete. */
  readonly count: number;
  /** Rows archived, children included. 0 when the action archives none. */
  readonly archived: number;
  /** Bytes written outside the database, before compression. They count as `maxBatchBytes` do. */
  readonly bytes?: number | undefined;
}

/** What an action is made for. */
export interface ActionContext {
  readonly policy: string;
  /** Undefined while planning. */
  readonly runId: string | undefined;
  /** Where the rows are: the table itself, or one leaf partition of it. */
  readonly leaf: Leaf;
  /** The table as the policy names it, quoted, with its schema. */
  readonly table: string;
  /** What is deleted along with a row, by foreign keys, to any depth. */
  readonly cascades: CascadeGraph;
  /** Database time at the start of the run, UTC with microseconds. */
  readonly now: string;
  /** Where the history tables are, not quoted. */
  readonly historySchema: string;
  /** For what is done outside a batch: looking at tables, making them. */
  readonly database: Database;
}

/** Where archived rows go. Made by `toTable` and `toFiles`. */
export interface ArchiveTarget {
  readonly kind: 'archive-table' | 'archive-files';
  /** What it is, as plain data: part of the policy's hash and shown in the plan. */
  readonly description: Readonly<Record<string, string | number | boolean | null>>;
  /** Looks whether it can be written, once for each leaf while planning: read-only, changes nothing. */
  check(query: Query, context: ActionContext): Promise<ArchiveCheck>;
  /** Makes it ready, before the first batch on a leaf, outside any transaction. */
  open(context: ActionContext): Promise<Action>;
  /** The action as the plan shows it: only `statement` is called. `query` only reads. */
  preview(query: Query, context: ActionContext): Promise<Action>;
}

/** What {@link ArchiveTarget.check} found. */
export interface ArchiveCheck {
  readonly refusals: readonly Refusal[];
  readonly warnings: readonly string[];
}
