import type { Duration } from '@ops/timeout';
import {
  callable,
  durationMs,
  parseOptions,
  positiveInteger,
  type Shape,
} from '@ops/timeout/options';
import * as z from 'zod';
import type { ColumnMapping } from '../columns.ts';
import { columnMapping, identifier, wallClock } from '../options.ts';
import type { ReplayRejection, ReplayReport } from './report.ts';

/** Options of {@link replay}. */
export interface ReplayOptions {
  /** Name as in the catalog. @default 'app_events' */
  readonly table?: string | undefined;
  /** Default: the first schema of the connection's `search_path` that has the table. */
  readonly schema?: string | undefined;
  /** As for `postgresSink`. */
  readonly columns?: ColumnMapping | undefined;
  /** Sender of the lines that name none. @default 'replay' */
  readonly source?: string | undefined;
  /** Lines to skip: `line` of the report of a run that did not come through. @default 0 */
  readonly startAfterLine?: number | undefined;
  /** Rows in one transaction. 1 to 50,000. @default 5_000 */
  readonly chunkRows?: number | undefined;
  /** A longer line is rejected, and not kept in memory. @default 1_048_576 */
  readonly maxLineBytes?: number | undefined;
  /** For one transaction, waiting for its connection included. @default '60s' */
  readonly timeout?: Duration | undefined;
  /** After each transaction. What it throws ends the replay. */
  readonly onProgress?: ((report: ReplayReport) => void) | undefined;
  /** For each rejected line, when its neighbours are settled. What it throws ends the replay. */
  readonly onReject?: ((rejection: ReplayRejection) => void) | undefined;
  /** Between lines, in a transaction, and while the source is silent. */
  readonly signal?: AbortSignal | undefined;
  /** The time of receipt of lines that have none. @default the real time */
  readonly clock?: { now(): number } | undefined;
}

const schema = z.strictObject({
  table: identifier.default('app_events'),
  schema: identifier.optional(),
  columns: columnMapping,
  source: z.string().default('replay'),
  startAfterLine: z.int().min(0).default(0),
  chunkRows: z.int().min(1).max(50_000).default(5_000),
  maxLineBytes: positiveInteger.default(1_048_576),
  timeout: durationMs({ minMs: 1 }).default(60_000),
  onProgress: callable<(report: ReplayReport) => void>().optional(),
  onReject: callable<(rejection: ReplayRejection) => void>().optional(),
  signal: z.instanceof(AbortSignal).optional(),
  clock: wallClock,
} satisfies Shape<ReplayOptions>);

/** Defaults filled in; `timeout` in milliseconds. */
export interface ParsedReplayOptions {
  readonly table: string;
  readonly schema?: string | undefined;
  readonly columns: ColumnMapping;
  readonly source: string;
  readonly startAfterLine: number;
  readonly chunkRows: number;
  readonly maxLineBytes: number;
  readonly timeout: number;
  readonly onProgress?: ReplayOptions['onProgress'];
  readonly onReject?: ReplayOptions['onReject'];
  readonly signal?: AbortSignal | undefined;
  readonly clock: { now(): number };
}

/** @throws InvalidOptionsError */
export function parseReplayOptions(options: ReplayOptions): ParsedReplayOptions {
  return parseOptions(schema, options, { of: 'replay' });
}
