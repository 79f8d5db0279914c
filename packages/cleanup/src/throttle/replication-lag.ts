import type { Duration } from '@ops/timeout';
import { durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { Throttle } from './throttle.ts';

/** Options of {@link replicationLag}. */
export interface ReplicationLagOptions {
  /** Replay may be this far behind, on the slowest replica. */
  readonly max: Duration;
  /**
   * `application_name` of replicas that must be connected: one that is not counts as too far behind.
   * Default: those that are connected.
   */
  readonly replicas?: readonly string[] | undefined;
}

const NAMES = 'expected names of replicas';
const optionsSchema = z.strictObject({
  max: durationMs({ minMs: 1 }),
  replicas: z.custom<readonly string[]>(isNames, { error: NAMES }).optional(),
} satisfies Shape<ReplicationLagOptions>);

/**
 * Lets batches go while every streaming replica has replayed what was written `max` ago, by
 * `pg_stat_replication.replay_lag` of the server that is cleaned. A replica whose lag is not known
 * while it has something left to replay counts as too far behind, as does one that only catches up.
 * The role needs `pg_monitor` (or `pg_read_all_stats`); without it the lag cannot be measured, and no
 * batch goes.
 *
 * @throws InvalidOptionsError
 */
export function replicationLag(options: ReplicationLagOptions): Throttle {
  const { max: maxMs, replicas = [] } = parseOptions(optionsSchema, options, {
    of: 'replicationLag',
  });
  return {
    name: 'replication-lag',
    async check({ query }) {
      const rows = await query(
        `select
           coalesce(nullif(application_name, ''), client_addr::text, 'a replica') as name,
           state,
           (extract(epoch from replay_lag) * 1000)::text as lag_ms,
           pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::text as behind_bytes
         from pg_stat_replication`,
      );
      const missing = replicas.filter((name) => !rows.some((row) => row['name'] === name));
      if (missing.length > 0) {
        return { go: false, reason: `replica ${missing.join(', ')} is not connected` };
      }
      for (const { name, state, lag_ms: lagMs, behind_bytes: behindBytes } of rows) {
        if (replicas.length > 0 && !replicas.includes(name ?? '')) continue;
        if (state == null || behindBytes == null) {
          const why = state == null ? 'this role may not see it (grant pg_monitor)' : state;
          return { go: false, reason: `the lag of replica ${name} is not known: ${why}` };
        }
        const isCaughtUp = Number(behindBytes) <= 0;
        if (lagMs == null && !isCaughtUp && state !== 'streaming') {
          return {
            go: false,
            reason: `replica ${name} is catching up, ${behindBytes} bytes behind`,
          };
        }
        // Null on a replica that was idle: what it has to replay has only just been written.
        if (lagMs != null && !isCaughtUp && Number(lagMs) > maxMs) {
          const lag = Math.round(Number(lagMs));
          return { go: false, reason: `replica ${name} lags ${lag} ms, limit ${maxMs} ms` };
        }
      }
      return { go: true };
    },
  };
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '');
}
