import type { Duration } from '@ops/timeout';
import { durationMs, positiveInteger, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { ExternalCheckSpec } from '../check.ts';
import {
  byteCount,
  type CatalogPolicy,
  catalogCheck,
  catalogPolicy,
  type Inspect,
  parseCatalogOptions,
} from './catalog-check.ts';
import type { PostgresPool } from './postgres-pool.ts';
import { inspectPrimary } from './replication-of-primary.ts';
import { createReplicaInspection } from './replication-of-replica.ts';

/** Options of {@link replication}. */
export interface ReplicationOptions extends CatalogPolicy {
  /**
   * Lag in time from which it warns. It counts only when `bytes` or more are missing, or nothing
   * was replayed since the check looked before: the clock time of the last replayed commit grows on
   * an idle primary too.
   * @default '2m'
   */
  readonly warn?: Duration | undefined;
  /** @default '10m' */
  readonly fail?: Duration | undefined;
  /**
   * Lag in bytes below which lag in time is taken for that of a quiet primary.
   * @default 1_048_576 (1 MiB)
   */
  readonly bytes?: number | undefined;
  /**
   * Lag in bytes that fails at whatever age.
   * @default 10_737_418_240 (10 GiB)
   */
  readonly maxBytes?: number | undefined;
  /** On a primary: standbys that have to be streaming. Default: however many there are. */
  readonly standbys?: number | undefined;
}

const age = durationMs({ maxMs: Number.MAX_SAFE_INTEGER }).optional();
const schema = z.strictObject({
  warn: age,
  fail: age,
  bytes: byteCount,
  maxBytes: byteCount,
  standbys: positiveInteger.optional(),
  ...catalogPolicy,
} satisfies Shape<ReplicationOptions>);

/** What {@link ReplicationOptions} come to. */
export interface ReplicationLimits {
  readonly warnMs: number;
  readonly failMs: number;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly standbys: number;
}

/**
 * Lag of a replica, or of the standbys of a primary, whichever the server is.
 *
 * A replica that receives nothing fails with `refused`, however little it lags behind what it has
 * received: that it has replayed everything says nothing when nothing comes. So does one whose WAL
 * receiver has not heard a word from the primary for `wal_receiver_timeout`. It is not meant for a
 * replica that is fed from an archive only. Otherwise code `threshold`; `insufficient_privilege`
 * when the role may not see the receiver or the standbys (`pg_read_all_stats`).
 *
 * 1 MiB and 2 minutes, then 10 minutes, is the example in the manual of `check_postgres`
 * (`hot_standby_delay`); 10 GiB is Ubicloud's hard limit.
 *
 * Runs every minute unless told otherwise. @throws InvalidOptionsError naming every fault.
 */
export function replication(
  pool: PostgresPool,
  options: ReplicationOptions = {},
): ExternalCheckSpec {
  const of = 'postgres.replication';
  const { warn, fail, bytes, maxBytes, standbys, ...policy } = parseCatalogOptions(
    schema,
    options,
    of,
  );
  const inspect = createReplicationInspection({ warn, fail, bytes, maxBytes, standbys });
  return catalogCheck(pool, { of, everyMs: 60_000, policy, inspect });
}

/** It remembers what was replayed, so a replica that stands still shows from the second look on. */
export function createReplicationInspection({
  warn: warnMs = 120_000,
  fail: failMs = Math.max(warnMs, 600_000),
  bytes = 2 ** 20,
  maxBytes = 10 * 2 ** 30,
  standbys = 0,
}: {
  readonly warn?: number | undefined;
  readonly fail?: number | undefined;
  readonly bytes?: number | undefined;
  readonly maxBytes?: number | undefined;
  readonly standbys?: number | undefined;
} = {}): Inspect {
  const limits: ReplicationLimits = { warnMs, failMs, bytes, maxBytes, standbys };
  const inspectReplica = createReplicaInspection(limits);
  return (read) => (read.isReplica ? inspectReplica(read) : inspectPrimary(read, limits));
}
