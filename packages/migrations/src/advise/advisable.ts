import type { PackMigration } from '../sources/source.ts';

/** A query that indexes are judged by. */
export interface AdviceQuery {
  /** How the report calls it. Names are unique in a list. */
  readonly name: string;
  /** One statement that only reads, with `$1` and so on for values. */
  readonly text: string;
  /** Its parameters. To save a measurement as JSON, use what JSON keeps: strings, numbers, booleans. */
  readonly values?: readonly unknown[] | undefined;
  /**
   * One statement whose first row gives the parameters, a column each, under names of their own. It is
   * run once, read-only and under the same limits, when `values` is not given.
   */
  readonly valuesFrom?: string | undefined;
}

/** A pack that also says which queries its indexes are for. Any pack fits. */
export interface AdvisablePack {
  readonly name: string;
  readonly schema?: string | undefined;
  readonly migrations: readonly PackMigration[] | URL;
  readonly queries?: readonly AdviceQuery[] | undefined;
}
