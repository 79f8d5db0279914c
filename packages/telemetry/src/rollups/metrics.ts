import type { Duration } from '@ops/timeout';
import type { Grain } from './grain.ts';
import type { Lag } from './lag.ts';
import type { Measure, Percentile, QuantileMeasure } from './measure.ts';
import type { RebuildOptions } from './rebuild.ts';
import type { RefreshOptions, RefreshReport } from './refresh/report.ts';
import type { Rollup, Where } from './rollup.ts';
import type { EnsureTablesOptions } from './store/ensure-tables.ts';

/** The value of a dimension as it is read: `bigint`, `numeric` and times come as text. */
export type DimensionValue = string | number | boolean | null;

/** What a measure reads as. */
export type MeasureValue<M extends Measure, P extends Percentile = never> = M extends {
  readonly kind: 'count' | 'distinct';
}
  ? number
  : M extends QuantileMeasure<infer At>
    ? { readonly [Name in [P] extends [never] ? At : P]: number | null }
    : number | null;

/** The rollup of that name. */
export type RollupNamed<Rollups extends readonly Rollup[], Name> = Extract<
  Rollups[number],
  { readonly name: Name }
>;

type DimensionOf<R extends Rollup> = R['dimensions'][number];
type MeasureOf<R extends Rollup> = keyof R['measures'] & string;

/** What to read of one rollup. */
export interface MetricsQuery<
  R extends Rollup = Rollup,
  M extends MeasureOf<R> = MeasureOf<R>,
  W extends DimensionOf<R> = DimensionOf<R>,
  G extends DimensionOf<R> = DimensionOf<R>,
  P extends Percentile = Percentile,
> {
  /** First moment, inclusive. */
  readonly from: Date;
  /** Last moment, exclusive. */
  readonly to: Date;
  /** A row for each bucket of this length. Default: one for the whole range. */
  readonly grain?: Grain | undefined;
  /** By dimension, the value or values to keep. */
  readonly where?: { readonly [D in W]?: Where[string] } | undefined;
  /** A row for each combination of these. Default: the dimensions of `where`; `[]` adds up all. */
  readonly groupBy?: readonly G[] | undefined;
  /** Default: all. */
  readonly measures?: readonly M[] | undefined;
  /** Instead of those of the measures' definitions. */
  readonly percentiles?: readonly P[] | undefined;
  /**
   * What a range means that begins or ends within a bucket. `exact`: what the rows of the range say,
   * with finer buckets and raw rows at the edges. `outward`, `inward`: the range is widened or
   * narrowed to whole buckets of `grain` (the finest kept without one), and raw rows are read only
   * where a bucket is not up to date. @default 'exact'
   */
  readonly edges?: 'exact' | 'outward' | 'inward' | undefined;
  /** By this measure, largest first; by bucket and dimensions otherwise. Not for a quantile. */
  readonly top?: { readonly by: MeasureOf<R>; readonly limit: number } | undefined;
}

/** A query of {@link Metrics.queryMany}. */
export type NamedQuery<Rollups extends readonly Rollup[]> = {
  readonly [Name in Rollups[number]['name']]: { readonly rollup: Name } & MetricsQuery<
    RollupNamed<Rollups, Name>
  >;
}[Rollups[number]['name']];

/** One row of an answer. Where there is nothing in the rollup there is no row. */
export type MetricsRow<
  R extends Rollup,
  M extends MeasureOf<R> = MeasureOf<R>,
  G extends DimensionOf<R> = DimensionOf<R>,
  P extends Percentile = never,
> = {
  /** Start of the bucket, or of the range when no grain was asked for. */
  readonly bucket: Date;
} & { readonly [D in G]: DimensionValue } & {
  readonly [Name in M]: MeasureValue<R['measures'][Name], P>;
};

/** The row of a query of {@link Metrics.queryMany}. */
export type RowOf<Rollups extends readonly Rollup[], Q> = Q extends { readonly rollup: infer Name }
  ? RowOfQuery<RollupNamed<Rollups, Name>, Q>
  : never;

type RowOfQuery<R extends Rollup, Q> = MetricsRow<
  R,
  Q extends { readonly measures: readonly (infer M)[] } ? M & MeasureOf<R> : MeasureOf<R>,
  Q extends { readonly groupBy: readonly (infer G)[] }
    ? G & DimensionOf<R>
    : Q extends { readonly where: infer W }
      ? keyof W & DimensionOf<R>
      : never,
  Q extends { readonly percentiles: readonly (infer P)[] } ? P & Percentile : never
>;

/** What one read may take. */
export interface ReadOptions {
  /** For all of it, waiting for a connection included. Default: `queryTimeout`. */
  readonly timeout?: Duration | undefined;
  /** Ends the read: its connection is closed. */
  readonly signal?: AbortSignal | undefined;
}

/** Rollups of one database: kept, and read. */
export interface Metrics<Rollups extends readonly Rollup[] = readonly Rollup[]> {
  /** As given to `createMetrics`. */
  readonly rollups: Rollups;
  /** Creates tables, and triggers for `dirty-buckets`, where they are missing. */
  ensureTables(options?: EnsureTablesOptions): Promise<void>;
  /**
   * Brings the rollups up to date in short transactions, one rollup after the other. Any number of
   * workers may call it at any time: a rollup that another is at is `busy` in the report. Each
   * transaction stands by itself, so a process may be killed at any point.
   *
   * @throws RefreshFailedError when a rollup failed, after the others had their turn.
   */
  refresh(options?: RefreshOptions): Promise<RefreshReport>;
  /**
   * Reads a rollup, and from raw rows what is not in it yet, in one statement: the answer is what
   * the table says at that moment, exact for counts, sums and extremes.
   *
   * @throws RollupQueryError when the rollup cannot answer it, RollupChangedError, RollupMissingError,
   * RollupSourceError, TimeoutError, `signal.reason`, or what the database says.
   */
  query<
    Name extends Rollups[number]['name'],
    M extends MeasureOf<RollupNamed<Rollups, Name>> = MeasureOf<RollupNamed<Rollups, Name>>,
    W extends DimensionOf<RollupNamed<Rollups, Name>> = never,
    G extends DimensionOf<RollupNamed<Rollups, Name>> = W,
    P extends Percentile = never,
  >(
    name: Name,
    query: MetricsQuery<RollupNamed<Rollups, Name>, M, W, G, P>,
    options?: ReadOptions,
  ): Promise<MetricsRow<RollupNamed<Rollups, Name>, M, G, P>[]>;
  /** Several queries in one statement, so of one moment. Answers are in the order of the queries. */
  queryMany<const Queries extends readonly NamedQuery<Rollups>[]>(
    queries: Queries,
    options?: ReadOptions,
  ): Promise<{ readonly [I in keyof Queries]: readonly RowOf<Rollups, Queries[I]>[] }>;
  /**
   * For keys of caches: a short text by rollup that changes with each transaction of a refresh that
   * changed what is stored. One small read. A raw row alone does not change it.
   */
  watermark(
    names?: readonly Rollups[number]['name'][],
    options?: ReadOptions,
  ): Promise<Readonly<Record<Rollups[number]['name'], string>>>;
  /** How far each rollup is behind its table. Reads are not: they add what is missing. */
  lag(options?: ReadOptions): Promise<readonly Lag[]>;
  /**
   * Computes a rollup anew: without a range it is dropped, created as it is defined now, and the
   * next `refresh` builds it; with one, its buckets are computed from raw rows before this resolves
   * (`append`) or by the next `refresh` (`dirty-buckets`).
   *
   * @throws RollupFrozenError when buckets are concerned whose raw rows may be gone.
   */
  rebuild(name: Rollups[number]['name'], options?: RebuildOptions): Promise<void>;
}
