import { type Duration, InvalidOptionsError } from '@ops/timeout';
import { durationMs, parseOptions, type Shape, withMethods } from '@ops/timeout/options';
import * as z from 'zod';
import { type Logger, safeLogger, silentLogger } from '../logger.ts';
import type { SqlPool } from './database.ts';

/** Options of {@link postgresStore}. */
export interface PostgresStoreOptions {
  /** Where the tables are: that of `ensureTables`, or of the migration pack. @default 'public' */
  readonly schema?: string | undefined;
  /** For how long alerts are kept after their end. @default '90d' */
  readonly retention?: Duration | undefined;
  /**
   * For each call, waiting for a connection included. When it has passed, the call rejects and its
   * connection is closed. The server gives up waiting for a row's lock at half of it, and, from
   * version 17 on, ends the whole transaction at all of it.
   * @default '5s'
   */
  readonly timeout?: Duration | undefined;
  /** Told when old rows could not be removed: nothing else is done in the background. */
  readonly logger?: Logger | undefined;
}

/** A name as the catalog has it. */
export const identifier: z.ZodType<string, string> = z
  .string()
  .refine(
    (name) => name.length > 0 && Buffer.byteLength(name) <= 63 && !name.includes('\0'),
    'expected a name of 1 to 63 bytes',
  );

/** What a table's name is looked up in unless something else is said. */
export const DEFAULT_SCHEMA = 'public';

const MINUTE_MS = 60_000;

const optionsSchema = z.strictObject({
  schema: identifier.default(DEFAULT_SCHEMA),
  // A hundred years, so that subtracting it from today is a date that the server knows.
  retention: durationMs({ minMs: MINUTE_MS, maxMs: 36_525 * 86_400_000 }).default(90 * 86_400_000),
  timeout: durationMs({ minMs: 10 }).default(5_000),
  logger: withMethods<Logger>('info', 'warn', 'error').optional(),
} satisfies Shape<PostgresStoreOptions>);

/** Defaults filled in. */
export interface ParsedPostgresStoreOptions {
  readonly schema: string;
  readonly retentionMs: number;
  readonly timeoutMs: number;
  readonly logger: Logger;
}

/** @throws InvalidOptionsError */
export function parsePostgresStoreOptions(
  options: PostgresStoreOptions,
): ParsedPostgresStoreOptions {
  const { schema, retention, timeout, logger } = parseOptions(optionsSchema, options, {
    of: 'postgresStore',
  });
  return {
    schema,
    retentionMs: retention,
    timeoutMs: timeout,
    logger: logger === undefined ? silentLogger : safeLogger(logger),
  };
}

/** @throws InvalidOptionsError when it is none. */
export function checkPool(pool: SqlPool, of: string): void {
  if (typeof (pool as SqlPool | undefined)?.connect !== 'function') {
    throw new InvalidOptionsError(`${of}: pool: expected a pg.Pool, or what looks like one`);
  }
}
