import { type Duration, InvalidOptionsError, withTimeout } from '@ops/timeout';
import { durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { SqlPool } from './database.ts';
import { fillPartitions, type PartitionsReport } from './fill-partitions.ts';
import { identifier, monthCount, wallClock } from './options.ts';
import { withClient } from './with-client.ts';

/** Options of {@link ensurePartitions}. */
export interface EnsurePartitionsOptions {
  /** At most 55 bytes: partitions have eight more. @default 'app_events' */
  readonly table?: string | undefined;
  /** Default: the first schema of the connection's `search_path` that has the table. */
  readonly schema?: string | undefined;
  /** Column of the event's id: the primary key of each partition. @default 'id' */
  readonly idColumn?: string | undefined;
  /** Months after the current one, by UTC. 0 to 120. @default 2 */
  readonly ahead?: number | undefined;
  /** Months before the current one, such as those of a replay. 0 to 120. @default 0 */
  readonly behind?: number | undefined;
  /** For all of it, waiting for a connection and for locks included. @default '30s' */
  readonly timeout?: Duration | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Says what month it is. @default the real time */
  readonly clock?: { now(): number } | undefined;
}

const schema = z.strictObject({
  table: identifier
    .refine((name) => Buffer.byteLength(name) <= 55, 'expected a name of 1 to 55 bytes')
    .default('app_events'),
  schema: identifier.optional(),
  idColumn: identifier.default('id'),
  ahead: monthCount.default(2),
  behind: monthCount.default(0),
  timeout: durationMs({ minMs: 1 }).default(30_000),
  signal: z.instanceof(AbortSignal).optional(),
  clock: wallClock,
} satisfies Shape<EnsurePartitionsOptions>);

/**
 * Makes the monthly partitions that are missing around now, each with its primary key on the id, and
 * a default partition if there is none. Rows that waited in the default partition for one of these
 * months are moved into it in the same transaction, so that no reader misses or doubles one.
 *
 * Safe to call from any number of processes. Writers and readers of the other partitions never wait:
 * the parent is locked in `share update exclusive` only. The default partition is locked against all
 * while its rows are moved and it is looked through; a lock that does not come within a second is
 * let go and asked for again until `timeout`. Each partition is a transaction, so what was made
 * before a failure stays. The role has to own the table.
 *
 * @throws InvalidOptionsError, TableMismatchError, TimeoutError, `signal.reason`, or what the
 * database says.
 */
export async function ensurePartitions(
  pool: SqlPool,
  options: EnsurePartitionsOptions = {},
): Promise<PartitionsReport> {
  if (typeof (pool as SqlPool | undefined)?.connect !== 'function') {
    throw new InvalidOptionsError(
      'ensurePartitions: pool: expected a pg.Pool, or what looks like one',
    );
  }
  const parsed = parseOptions(schema, options, { of: 'ensurePartitions' });
  const { clock, timeout, signal, ...wanted } = parsed;
  const deadlineAt = performance.now() + timeout;
  const remainingMs = (): number => deadlineAt - performance.now();
  return withTimeout(
    ({ signal: inner }) =>
      withClient(pool, inner, (client) =>
        fillPartitions(client, { ...wanted, now: clock.now(), remainingMs }),
      ),
    timeout,
    { signal },
  );
}
