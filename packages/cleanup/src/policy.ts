import type { Duration } from '@ops/timeout';
import type { SqlFragment } from './sql.ts';

/** Which rows of which table go, and when. */
export type CleanupPolicy = OlderThanPolicy;

/** Deletes the rows whose `olderThan.column` is before the run's cut-off. */
export interface OlderThanPolicy {
  /**
   * `'table'`, found by the search path, or `'schema.table'`. Names are taken literally: upper case
   * counts. A name with a dot in it goes in double quotes: `'"odd.name"'`.
   *
   * An ordinary table with a primary key; anything else is refused by `plan()`.
   */
  readonly table: string;
  readonly olderThan: OlderThan;
  /**
   * A further condition, over the table's columns, evaluated under time zone UTC. It is tested on
   * the row that is deleted, in the version that is deleted. What it reads of *other* tables it
   * reads as of the start of the batch. Default: none.
   */
  readonly where?: SqlFragment | undefined;
  readonly safety?: PolicySafety | undefined;
}

/** The age that a row must have. A row whose column is null never has it; `-infinity` always. */
export interface OlderThan {
  /** A `timestamp with time zone` column, or one without and {@link OlderThan.zone}. */
  readonly column: string;
  /** From `'1h'` to `'36500d'`. A day is 24 hours; the cut-off is the database's time minus this. */
  readonly age: Duration;
  /**
   * In which zone a `timestamp without time zone` column was written, such as `'UTC'` or
   * `'Europe/Berlin'`: a name in `pg_timezone_names`, no offset. Required for such a column and refused
   * for any other.
   */
  readonly zone?: string | undefined;
}

/** What a policy may do without being asked again. */
export interface PolicySafety {
  /**
   * Share of the table's rows, above 0 and up to 1. When more would go, `run()` refuses the policy
   * unless it is given the plan.
   * @default 0.5
   */
  readonly maxShare?: number | undefined;
}
