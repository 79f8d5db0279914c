/** A percentile by its name: `p50`, `p95`, `p99.9`. */
export type Percentile = `p${number}`;

/** Number of rows, or of rows where a column is not null. */
export interface CountMeasure {
  readonly kind: 'count';
  readonly column: string | null;
}

/** Sum of a column; null where no row has a value. */
export interface SumMeasure {
  readonly kind: 'sum';
  readonly column: string;
}

/** Smallest or largest value of a column; null where no row has a value. */
export interface ExtremeMeasure {
  readonly kind: 'min' | 'max';
  readonly column: string;
}

/** Percentiles of a column. */
export interface QuantileMeasure<At extends Percentile = Percentile> {
  readonly kind: 'quantile';
  readonly column: string;
  /** Largest relative error of an answer. */
  readonly accuracy: number;
  /** What a query answers unless it asks for others. */
  readonly at: readonly At[];
}

/** How many different values a column has. */
export interface DistinctMeasure {
  readonly kind: 'distinct';
  readonly column: string;
  /** The sketch has 2 to the power of this many registers. */
  readonly precision: number;
}

/** What a rollup keeps for each bucket. */
export type Measure =
  | CountMeasure
  | SumMeasure
  | ExtremeMeasure
  | QuantileMeasure
  | DistinctMeasure;

/** The measures of a rollup by name. */
export type Measures = Readonly<Record<string, Measure>>;

/** Options of {@link quantile}. */
export interface QuantileOptions<At extends Percentile> {
  /**
   * Largest relative error, 0.001 to 0.1. Half of it makes sketches about twice as large.
   * @default 0.01
   */
  readonly accuracy?: number | undefined;
  /** What a query answers unless it asks for others. @default ['p50', 'p95', 'p99'] */
  readonly at?: readonly At[] | undefined;
}

/** Options of {@link distinct}. */
export interface DistinctOptions {
  /**
   * 4 to 16; the standard error is 1.04 / √(2^precision): 0.81 % at 14, where a full sketch is 64 kB
   * before compression. Few values take 4 bytes each.
   * @default 14
   */
  readonly precision?: number | undefined;
}

/** Counts rows, or with a column those in which it is not null. Exact. */
export function count(column?: string): CountMeasure {
  return { kind: 'count', column: column ?? null };
}

/**
 * Adds up a numeric column. Exact for integers and `numeric` in the database, read as a JavaScript
 * number, so exact up to 2^53. A column of floats is added in another order than raw rows would be,
 * and a NaN makes a NaN, as in SQL.
 */
export function sum(column: string): SumMeasure {
  return { kind: 'sum', column };
}

/** The smallest value of a numeric column. */
export function min(column: string): ExtremeMeasure {
  return { kind: 'min', column };
}

/** The largest value of a numeric column. */
export function max(column: string): ExtremeMeasure {
  return { kind: 'max', column };
}

/**
 * Percentiles of a numeric column from a DDSketch, within `accuracy` of the exact value, of either
 * sign, for any range. Nulls and NaN have no rank and are left out; the infinities count as the
 * largest and the smallest value.
 *
 * @see https://arxiv.org/abs/1908.10693
 */
export function quantile(
  column: string,
  options?: Omit<QuantileOptions<Percentile>, 'at'>,
): QuantileMeasure<'p50' | 'p95' | 'p99'>;
export function quantile<const At extends Percentile>(
  column: string,
  options: QuantileOptions<At>,
): QuantileMeasure<At>;
export function quantile(
  column: string,
  { accuracy = 0.01, at = ['p50', 'p95', 'p99'] }: QuantileOptions<Percentile> = {},
): QuantileMeasure {
  return { kind: 'quantile', column, accuracy, at };
}

/**
 * Estimates how many different values a column has, from a HyperLogLog. Adds up over buckets and
 * dimensions as a union does: a user seen on two days is one user of both. Nulls are left out.
 * Integers, uuids and texts each hash as such, so `1` and `'1'` in columns of two tables differ.
 *
 * @see https://arxiv.org/abs/1702.01284
 */
export function distinct(
  column: string,
  { precision = 14 }: DistinctOptions = {},
): DistinctMeasure {
  return { kind: 'distinct', column, precision };
}
