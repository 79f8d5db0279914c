import { createHash } from 'node:crypto';
import type { Duration } from '@ops/timeout';
import type { Grain } from './grain.ts';
import type { Measures } from './measure.ts';
import { parseDefinition } from './parse-definition.ts';

/** A value that a dimension or another column can have. */
export type ColumnValue = string | number | boolean | bigint | Date | null;

/** By column, the value or values that rows must have; null is `is null`. An empty list fits no row. */
export type Where<Column extends string = string> = {
  readonly [Name in Column]?: ColumnValue | readonly ColumnValue[] | undefined;
};

/** What {@link defineRollup} takes. Names are as in the catalog, quoted by us. */
export interface RollupDefinition<Dimension extends string, M extends Measures> {
  /** The table: `table`, `schema.table`, or with odd characters `"my schema"."my table"`. */
  readonly from: string;
  /** A `timestamptz` column: the bucket that a row belongs to. Rows without a time are left out. */
  readonly time: string;
  /** Which buckets are kept. A coarse grain besides a fine one makes long ranges cheap. */
  readonly grain: Grain | readonly Grain[];
  /** Columns that queries group by and filter on. */
  readonly dimensions: readonly Dimension[];
  /**
   * Sets of dimensions for which rows of their own are kept, added up over all other dimensions:
   * `[]` is the grand total. A percentile or a distinct count over everything then reads one sketch
   * a bucket instead of merging thousands. @default []
   */
  readonly totals?: readonly (readonly NoInfer<Dimension>[])[] | undefined;
  readonly measures: M;
  /** Only these rows count. */
  readonly where?: Where | undefined;
  /**
   * `append`: rows are inserted and never change; they carry the id of their transaction in `xid`.
   * `dirty-buckets`: rows may change and go; triggers on the table note the buckets, which are
   * computed anew.
   */
  readonly mode: 'append' | 'dirty-buckets';
  /**
   * With `append`: a column `xid8 not null default pg_current_xact_id()` with an index.
   * @default 'xid'
   */
  readonly xid?: string | undefined;
  /**
   * How long rows are kept in `from`. Buckets that begin before are frozen: they keep what they have
   * when raw rows go, and are never computed anew. Default: rows are kept for ever, and with
   * `dirty-buckets` a bucket whose rows are deleted becomes empty.
   */
  readonly rawRetention?: Duration | undefined;
}

/** A definition with its defaults, frozen. */
export interface Rollup<
  Name extends string = string,
  Dimension extends string = string,
  M extends Measures = Measures,
> {
  readonly name: Name;
  readonly from: string;
  readonly time: string;
  /** From the finest to the coarsest, each once. */
  readonly grains: readonly Grain[];
  readonly dimensions: readonly Dimension[];
  readonly totals: readonly (readonly Dimension[])[];
  readonly measures: M;
  readonly where: Where;
  readonly mode: 'append' | 'dirty-buckets';
  readonly xid: string;
  /** In milliseconds; null when rows are kept for ever. */
  readonly rawRetentionMs: number | null;
  /** Changes with everything that makes stored rows mean something else; `rawRetention` does not. */
  readonly hash: string;
}

/** Counts the ways in which the tables have held the same definition: sketches have planes since 2. */
const STORED_FORM = 2;

/**
 * Says what to keep of a table. A value only: nothing is connected, read or created.
 *
 * @param name names the tables as `<name>_hour` and so on; 1 to 40 of a–z, 0–9 and `_`, a letter first.
 * @throws InvalidOptionsError naming every fault.
 */
export function defineRollup<
  const Name extends string,
  const Dimension extends string,
  const M extends Measures,
>(name: Name, definition: RollupDefinition<Dimension, M>): Rollup<Name, Dimension, M> {
  const parsed = parseDefinition(name, definition);
  const { rawRetentionMs, ...meaning } = parsed;
  const written = JSON.stringify([STORED_FORM, meaning]);
  const hash = createHash('sha256').update(written).digest('hex').slice(0, 32);
  return Object.freeze({ ...parsed, rawRetentionMs, hash }) as unknown as Rollup<
    Name,
    Dimension,
    M
  >;
}
