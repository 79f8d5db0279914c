import type { Duration } from '@ops/timeout';
import type { ArchiveTarget } from './batch/action.ts';
import type { SqlFragment } from './sql.ts';

/**
 * Which rows of which table go, when, and how. Exactly one of `olderThan`, `inactiveFor` and
 * `orphanOf` says which rows; at most one of `archive`, `softDelete` and `partitions` says what
 * happens to them. Without any of those they are deleted.
 */
export type CleanupPolicy = WhichRows & WhatHappens;

/** What says which rows a policy is about. */
export type WhichRows = OlderThanPolicy | InactiveForPolicy | OrphanPolicy;

/** What says what happens to the rows. */
export type WhatHappens = DeletePolicy | ArchivePolicy | SoftDeletePolicy | PartitionPolicy;

/** What every policy may say. */
export interface PolicyBase {
  /**
   * `'table'`, found by the search path, or `'schema.table'`. Names are taken literally: upper case
   * counts. A name with a dot in it goes in double quotes: `'"odd.name"'`.
   *
   * An ordinary or a partitioned table with a primary key; anything else is refused by `plan()`.
   */
  readonly table: string;
  /**
   * A further condition, over the table's columns, evaluated under time zone UTC. It is tested when
   * a row is locked and again in the statement that removes it, which also sees what other tables
   * have got in between. Default: none.
   */
  readonly where?: SqlFragment | undefined;
  /**
   * The newest rows stay, whatever their age: by the column of `olderThan` or `minAge`, then by
   * primary key. Not with `inactiveFor`.
   */
  readonly keepLast?: KeepLast | undefined;
  /**
   * Says that the `holds` of `createCleanup` do not count for this policy. Without it, a policy whose
   * table lacks the columns of a hold is refused.
   */
  readonly holds?: HoldExemption | undefined;
  readonly safety?: PolicySafety | undefined;
}

/** The rows whose column is before the run's cut-off. */
export interface OlderThanPolicy extends PolicyBase {
  readonly olderThan: OlderThan;
  readonly inactiveFor?: undefined;
  readonly orphanOf?: undefined;
  readonly minAge?: undefined;
}

/** The rows of which nothing was heard since the run's cut-off. */
export interface InactiveForPolicy extends PolicyBase {
  readonly inactiveFor: InactiveFor;
  readonly olderThan?: undefined;
  readonly orphanOf?: undefined;
  readonly minAge?: undefined;
  readonly keepLast?: undefined;
}

/** The rows whose parent is not there. */
export interface OrphanPolicy extends PolicyBase {
  readonly orphanOf: OrphanOf;
  /** Younger rows stay: their parent may be on its way. */
  readonly minAge: MinAge;
  readonly olderThan?: undefined;
  readonly inactiveFor?: undefined;
}

/** The age that a row must have. A row whose column is null never has it; `-infinity` always. */
export interface OlderThan {
  /** A `timestamp with time zone` column, or one without and {@link OlderThan.zone}. */
  readonly column: string;
  /**
   * From `'1h'` to `'36500d'`, or one for each row. A day is 24 hours; the cut-off is the database's
   * time minus this.
   */
  readonly age: Duration | AgePerRow;
  /**
   * In which zone a `timestamp without time zone` column was written, such as `'UTC'` or
   * `'Europe/Berlin'`: a name in `pg_timezone_names`, no offset. Required for such a column and refused
   * for any other.
   */
  readonly zone?: string | undefined;
}

/** An age that the row itself, or its tenant, says. */
export interface AgePerRow {
  /**
   * An expression of type `interval` over the row's columns; it may read other tables:
   * ``sql`(select retention from tenants t where t.id = events.tenant_id)` ``. Null takes
   * {@link AgePerRow.default}. Rows that say less than an hour are never touched; `plan()` warns of
   * them. Months and years are the calendar's, in UTC.
   */
  readonly per: SqlFragment;
  /** From `'1h'` to `'36500d'`. */
  readonly default: Duration;
}

/** For how long nothing must have been heard of a row. */
export interface InactiveFor {
  /** From `'1h'` to `'36500d'`. */
  readonly age: Duration;
  /**
   * An expression of type `timestamp with time zone` over the row's columns; it may read other
   * tables. A row for which it is null is never inactive.
   */
  readonly since: SqlFragment;
}

/** Where the parent of a row would be. A row with a null in one of the columns has no parent and stays. */
export interface OrphanOf {
  /** As {@link PolicyBase.table}. */
  readonly table: string;
  /** Columns of the policy's table to those of the parent: `{ workflow_id: 'id' }`. */
  readonly on: Readonly<Record<string, string>>;
}

/** The age that an orphan must have. */
export interface MinAge {
  /** As {@link OlderThan.column}. */
  readonly column: string;
  /** From `'1h'` to `'36500d'`. */
  readonly age: Duration;
  /** As {@link OlderThan.zone}. */
  readonly zone?: string | undefined;
}

/** How many rows stay. Counted over the whole table, whatever `where` says. */
export interface KeepLast {
  /** From 1 to 100,000. */
  readonly count: number;
  /** So many for each value of this column, or of these together; rows with a null there all stay. Default: of the table. */
  readonly per?: string | readonly string[] | undefined;
}

/** A policy that goes past the holds. */
export interface HoldExemption {
  readonly exempt: true;
  /** Why; shown in the plan. */
  readonly because: string;
}

/** What a policy may do without being asked again. */
export interface PolicySafety {
  /**
   * Share of the table's rows, above 0 and up to 1. When more would go, `run()` refuses the policy
   * unless it is given the plan, or the plan's hash.
   * @default 0.5
   */
  readonly maxShare?: number | undefined;
  /**
   * So many rows of the table always stay, the newest ones; with `inactiveFor` those with the
   * highest primary keys. From 0 to 100,000.
   * @default 0
   */
  readonly keepAtLeast?: number | undefined;
}

/** The rows are deleted. */
export interface DeletePolicy {
  readonly archive?: undefined;
  readonly softDelete?: undefined;
  readonly partitions?: undefined;
}

/** The rows are archived in the transaction that deletes them, with those that cascade from them. */
export interface ArchivePolicy {
  /** Made by `toTable` or `toFiles`, or of one's own. */
  readonly archive: ArchiveTarget;
  readonly softDelete?: undefined;
  readonly partitions?: undefined;
}

/** The rows are marked, and deleted when nobody has taken that back within a time. */
export interface SoftDeletePolicy {
  readonly softDelete: SoftDelete;
  readonly archive?: undefined;
  readonly partitions?: undefined;
}

/**
 * Whole partitions are dropped once their upper bound is at the cut-off or before. Only with
 * `olderThan`; its column may also be a date here, with `zone`. A partition stays when a row of it is
 * held, when it is its parent's last, or the default one.
 *
 * Detaching is done concurrently, without keeping readers or writers waiting, and takes two connections of
 * the pool at a time; next to a default partition the server does not allow that, and each partition
 * takes an access exclusive lock on its parent for a moment. The role must own the partitions.
 */
export interface PartitionPolicy {
  readonly partitions: 'drop';
  readonly archive?: undefined;
  readonly softDelete?: undefined;
  readonly where?: undefined;
  readonly keepLast?: undefined;
}

/** How a row is marked as deleted. */
export interface SoftDelete {
  /** Columns and the values they get. May be empty. */
  readonly set: Readonly<Record<string, string | number | boolean | null>>;
  /** A `timestamp with time zone` column that gets the time; a row that has one is not looked at. */
  readonly at: string;
  /**
   * How long it may be taken back, from `'1h'` to `'36500d'`. After that the same policy deletes the
   * rows that still are as it marked them, and no others: rows that the application has marked in the
   * same columns go by a policy with `olderThan` on that column. Its marks are known by its name, the
   * table and the time in `at`, so after a change of the name, or where a trigger sets another time,
   * they stay, and `doctor()` says so.
   * Marks that were made while it was longer keep that time.
   */
  readonly purgeAfter: Duration;
}
