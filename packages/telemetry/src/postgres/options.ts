import type { Duration } from '@ops/timeout';
import { durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';

/** The parts of an event that can have a column. */
export type EventField =
  | 'id'
  | 'name'
  | 'userId'
  | 'path'
  | 'props'
  | 'context'
  | 'timestamp'
  | 'receivedAt';

/**
 * The column of each part; null leaves a part out. The default is a plain table
 * `app_events(id, user_id, event_type, path, meta, created_at)`.
 */
export interface ColumnMapping {
  /** Must be unique by itself. @default 'id' */
  readonly id?: string | undefined;
  /** @default 'event_type' */
  readonly name?: string | null | undefined;
  /** `userId` of the context; null where there is none. @default 'user_id' */
  readonly userId?: string | null | undefined;
  /** `path` of the context; null where there is none. @default 'path' */
  readonly path?: string | null | undefined;
  /** JSON. @default 'meta' */
  readonly props?: string | null | undefined;
  /** JSON of the whole context, `userId` and `path` included. @default null */
  readonly context?: string | null | undefined;
  /** When it happened. @default 'created_at' */
  readonly timestamp?: string | null | undefined;
  /** When the server got it. @default null */
  readonly receivedAt?: string | null | undefined;
}

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
}

/** A name as the catalog has it. */
export const identifier: z.ZodType<string, string> = z
  .string()
  .refine(
    (name) => name.length > 0 && Buffer.byteLength(name) <= 63 && !name.includes('\0'),
    'expected a name of 1 to 63 bytes',
  );

const columnsSchema = z
  .strictObject({
    id: identifier.default('id'),
    name: identifier.nullable().default('event_type'),
    userId: identifier.nullable().default('user_id'),
    path: identifier.nullable().default('path'),
    props: identifier.nullable().default('meta'),
    context: identifier.nullable().default(null),
    timestamp: identifier.nullable().default('created_at'),
    receivedAt: identifier.nullable().default(null),
  } satisfies Shape<ColumnMapping>)
  .refine((columns) => {
    const used = Object.values(columns).filter((column) => column !== null);
    return new Set(used).size === used.length;
  }, 'expected a different column for each part');

const schema = z.strictObject({
  table: identifier.default('app_events'),
  schema: identifier.optional(),
  columns: columnsSchema.prefault({}),
  timeout: durationMs({ minMs: 1 }).default(10_000),
} satisfies Shape<PostgresSinkOptions>);

/** Defaults filled in; `timeout` in milliseconds. */
export interface ParsedPostgresSinkOptions {
  readonly table: string;
  readonly schema?: string | undefined;
  readonly columns: Readonly<Record<EventField, string | null>>;
  readonly timeout: number;
}

/** @throws InvalidOptionsError */
export function parsePostgresSinkOptions(options: PostgresSinkOptions): ParsedPostgresSinkOptions {
  return parseOptions(schema, options, { of: 'postgresSink' });
}
