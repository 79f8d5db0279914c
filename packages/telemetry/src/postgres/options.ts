import type { Duration } from '@ops/timeout';
import { callable, durationMs, parseOptions, type Shape, withMethods } from '@ops/timeout/options';
import * as z from 'zod';
import { type ColumnMapping, hasColumnTwice } from './columns.ts';
import type { PostgresSinkEvent } from './sink-events.ts';

/** Options of {@link postgresSink}. */
export interface PostgresSinkOptions {
  /** Name as in the catalog, quoted by us; without a schema. @default 'app_events' */
  readonly table?: string | undefined;
  /** Default: the first schema of the connection's `search_path` that has the table. */
  readonly schema?: string | undefined;
  readonly columns?: ColumnMapping | undefined;
  /**
   * Time for one write: waiting for a connection and all statements. The server is told to give up
   * (`statement_timeout`) a little earlier.
   * @default '10s'
   */
  readonly timeout?: Duration | undefined;
  /**
   * Of a partitioned table: how many months after the current one have a partition. Looked after by
   * the first write and then by one write an hour, see {@link ensurePartitions}. 0 to 120; null to
   * make none here, because something else does.
   * @default 2
   */
  readonly partitionsAhead?: number | null | undefined;
  /** Told what became of the partitions. What it throws is ignored. */
  readonly onEvent?: ((event: PostgresSinkEvent) => void) | undefined;
  /**
   * Says what month it is, and when the hour is over.
   * @default the real time
   */
  readonly clock?: { now(): number } | undefined;
}

/** A name as the catalog has it. */
export const identifier: z.ZodType<string, string> = z
  .string()
  .refine(
    (name) => name.length > 0 && Buffer.byteLength(name) <= 63 && !name.includes('\0'),
    'expected a name of 1 to 63 bytes',
  );

/** Months to make partitions for. Ten years are 120 tables. */
export const monthCount: z.ZodType<number, number> = z.int().min(0).max(120);

/** The real time unless told otherwise. */
export const wallClock: z.ZodType<{ now(): number }, { now(): number } | undefined> = withMethods<{
  now(): number;
}>('now').default(() => ({ now: () => Date.now() }));

const column = identifier.nullable().optional();

/** Checked alone; whether the table has the columns is seen at the first write. */
export const columnMapping: z.ZodType<ColumnMapping, ColumnMapping | undefined> = z
  .strictObject({
    id: identifier.optional(),
    name: column,
    userId: column,
    path: column,
    props: column,
    context: column,
    timestamp: column,
    clientTimestamp: column,
    receivedAt: column,
    source: column,
    sampleRate: column,
  } satisfies Shape<ColumnMapping>)
  .refine((columns) => !hasColumnTwice(columns), 'expected a different column for each part')
  .prefault({});

const schema = z.strictObject({
  table: identifier.default('app_events'),
  schema: identifier.optional(),
  columns: columnMapping,
  timeout: durationMs({ minMs: 1 }).default(10_000),
  partitionsAhead: monthCount.nullable().default(2),
  onEvent: callable<(event: PostgresSinkEvent) => void>().optional(),
  clock: wallClock,
} satisfies Shape<PostgresSinkOptions>);

/** Defaults filled in; `timeout` in milliseconds. */
export interface ParsedPostgresSinkOptions {
  readonly table: string;
  readonly schema?: string | undefined;
  readonly columns: ColumnMapping;
  readonly timeout: number;
  readonly partitionsAhead: number | null;
  readonly onEvent?: ((event: PostgresSinkEvent) => void) | undefined;
  readonly clock: { now(): number };
}

/** @throws InvalidOptionsError */
export function parsePostgresSinkOptions(options: PostgresSinkOptions): ParsedPostgresSinkOptions {
  return parseOptions(schema, options, { of: 'postgresSink' });
}
