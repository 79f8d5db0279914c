import type { Clock, Duration } from '@ops/timeout';
import {
  callable,
  durationMs,
  parseOptions,
  positiveInteger,
  type Shape,
  withMethods,
} from '@ops/timeout/options';
import * as z from 'zod';
import type { SqlPool } from '../postgres/database.ts';
import type { MetricsEvent } from './events.ts';
import type { Rollup } from './rollup.ts';
import { DEFAULT_SCHEMA } from './store/tables.ts';

/** Where failures of `onEvent` are told. pino fits as it is. */
export interface MetricsLogger {
  warn(fields: object, message: string): void;
}

/** Options of {@link createMetrics}. */
export interface MetricsOptions<Rollups extends readonly Rollup[] = readonly Rollup[]> {
  /** A `pg.Pool`, or what looks like one. Stays yours to end. */
  readonly pool: SqlPool;
  /** What {@link defineRollup} gave, each name once. */
  readonly rollups: Rollups;
  /** Where the rollups' tables are. @default 'ops_telemetry' */
  readonly schema?: string | undefined;
  /** Raw rows that one transaction of a refresh takes, 1 to 10,000,000. @default 100_000 */
  readonly batchRows?: number | undefined;
  /** Buckets with marks that one transaction takes (`dirty-buckets`). @default 24 */
  readonly batchBuckets?: number | undefined;
  /**
   * Limit of each statement of a refresh. A step that reaches it is tried again with a quarter of
   * the rows. @default '60s'
   */
  readonly statementTimeout?: Duration | undefined;
  /** Limit of a read, waiting for a connection included. @default '30s' */
  readonly queryTimeout?: Duration | undefined;
  /** Called during a refresh. What it throws is logged, and changes nothing. */
  readonly onEvent?: ((event: MetricsEvent) => void) | undefined;
  /** Default: silent. */
  readonly logger?: MetricsLogger | undefined;
  /** For budgets, durations, and which raw rows may be gone. Default: the real time. */
  readonly clock?: Clock | undefined;
}

/** Options with their defaults, durations in milliseconds. */
export interface ParsedMetricsOptions {
  readonly pool: SqlPool;
  readonly rollups: readonly Rollup[];
  readonly schema: string;
  readonly batchRows: number;
  readonly batchBuckets: number;
  readonly statementTimeout: number;
  readonly queryTimeout: number;
  readonly onEvent?: ((event: MetricsEvent) => void) | undefined;
  readonly logger?: MetricsLogger | undefined;
  readonly clock?: Clock | undefined;
}

const rollup = z.custom<Rollup>(
  (value) => typeof Reflect.get(Object(value), 'hash') === 'string',
  'expected what defineRollup() gave',
);

const schema = z.strictObject({
  pool: withMethods<SqlPool>('connect'),
  rollups: z
    .array(rollup)
    .refine(
      (all) => new Set(all.map(({ name }) => name)).size === all.length,
      'expected rollups with different names',
    ),
  schema: z
    .string()
    .refine(
      (name) => name !== '' && Buffer.byteLength(name) <= 63 && !name.includes('\0'),
      'expected the name of a schema',
    )
    .default(DEFAULT_SCHEMA),
  batchRows: positiveInteger.refine((rows) => rows <= 10_000_000).default(100_000),
  batchBuckets: positiveInteger.refine((buckets) => buckets <= 10_000).default(24),
  statementTimeout: durationMs({ minMs: 1, maxMs: 3_600_000 }).default(60_000),
  queryTimeout: durationMs({ minMs: 1, maxMs: 3_600_000 }).default(30_000),
  onEvent: callable<(event: MetricsEvent) => void>().optional(),
  logger: withMethods<MetricsLogger>('warn').optional(),
  clock: withMethods<Clock>('now', 'monotonic', 'setTimeout', 'clearTimeout').optional(),
} satisfies Shape<MetricsOptions>);

/** @throws InvalidOptionsError */
export function parseMetricsOptions(options: MetricsOptions): ParsedMetricsOptions {
  return parseOptions(schema, options, { of: 'createMetrics' });
}
