// What to keep of a table.

export type { SqlClient, SqlPool } from '../postgres/database.ts';
export {
  type AgeThresholds,
  type MetricsCheck,
  type MetricsCheckOptions,
  type MetricsMeasurement,
  metricsCheck,
} from './check.ts';
// Keeping and reading it.
export { createMetrics } from './create-metrics.ts';
// What is thrown.
export {
  RefreshFailedError,
  RollupChangedError,
  RollupFrozenError,
  RollupMissingError,
  RollupQueryError,
  RollupSourceError,
} from './errors.ts';
export type { MetricsEvent } from './events.ts';
export type { Grain } from './grain.ts';
// Whether it is kept up to date.
export type { Lag } from './lag.ts';
export {
  type CountMeasure,
  count,
  type DistinctMeasure,
  type DistinctOptions,
  distinct,
  type ExtremeMeasure,
  type Measure,
  type Measures,
  max,
  min,
  type Percentile,
  type QuantileMeasure,
  type QuantileOptions,
  quantile,
  type SumMeasure,
  sum,
} from './measure.ts';
export type {
  DimensionValue,
  MeasureValue,
  Metrics,
  MetricsQuery,
  MetricsRow,
  NamedQuery,
  ReadOptions,
  RollupNamed,
  RowOf,
} from './metrics.ts';
export type { MetricsLogger, MetricsOptions } from './options.ts';
export type { RebuildOptions } from './rebuild.ts';
export type {
  RefreshOptions,
  RefreshReport,
  RefreshStatus,
  RollupRefresh,
} from './refresh/report.ts';
export {
  type ColumnValue,
  defineRollup,
  type Rollup,
  type RollupDefinition,
  type Where,
} from './rollup.ts';
// Its tables.
export type { EnsureTablesOptions } from './store/ensure-tables.ts';
export { type MigrationPack, type PackMigration, rollupTables } from './store/tables.ts';
