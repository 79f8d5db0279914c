import { parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { Throttle } from './throttle.ts';

/** Options of {@link walRate}. */
export interface WalRateOptions {
  /** Of the whole server, other sessions included; from 1,000. */
  readonly maxBytesPerSecond: number;
}

const BYTES = 'expected a number of bytes from 1,000';
const optionsSchema = z.strictObject({
  maxBytesPerSecond: z.number(BYTES).min(1_000, BYTES),
} satisfies Shape<WalRateOptions>);

/** What was not used in quiet times may be made up for, up to so much. */
const BURST_SECONDS = 1;

/**
 * Lets batches go while the server writes less WAL than `maxBytesPerSecond`, on average over the last
 * seconds. What one batch wrote too much, the next ones wait for; so it bounds the average, and one
 * batch (`pace.maxBatchBytes`) the peak. An application that alone writes more than that stops the
 * cleanup.
 *
 * @throws InvalidOptionsError
 */
export function walRate(options: WalRateOptions): Throttle {
  const { maxBytesPerSecond } = parseOptions(optionsSchema, options, { of: 'walRate' });
  /** As if WAL had been written at exactly the rate until this position was reached. */
  let paid: { readonly lsn: bigint; readonly atMs: number } | undefined;
  return {
    name: 'wal-rate',
    async check({ query, clock }) {
      const [row] = await query(
        `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text as bytes`,
      );
      const lsn = BigInt(row?.['bytes'] ?? 0);
      const nowMs = clock.monotonic();
      const last = paid ?? { lsn, atMs: nowMs };
      const costMs = (Number(lsn - last.lsn) / maxBytesPerSecond) * 1_000;
      const dueMs = Math.max(last.atMs, nowMs - BURST_SECONDS * 1_000 - costMs) + costMs;
      paid = { lsn, atMs: dueMs };
      if (dueMs <= nowMs) return { go: true };
      const waitMs = Math.ceil(dueMs - nowMs);
      const limit = `${maxBytesPerSecond.toLocaleString('en')} bytes a second`;
      return {
        go: false,
        reason: `the server is ${waitMs} ms ahead of ${limit} of WAL`,
        retryAfterMs: waitMs,
      };
    },
  };
}
