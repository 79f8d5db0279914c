import type { Clock } from '@ops/timeout';
import type { Query } from '../database.ts';

/**
 * Says whether the next batch may start. Asked before every batch, on a connection that is given
 * back before the batch; so it is to be cheap, or to remember its answer for a while.
 */
export interface Throttle {
  /** Shown in events and in the report: `replication-lag`. */
  readonly name: string;
  /** What it throws counts as "not now": a load that cannot be measured is not a low one. */
  check(context: ThrottleContext): Promise<ThrottleVerdict>;
}

/** What a throttle may ask. */
export interface ThrottleContext {
  /**
   * Runs a statement in a read-only transaction of its own, limited to 5 s. Every value comes as
   * text, so cast it in the statement: `select lag::text`.
   */
  readonly query: Query;
  readonly clock: Clock;
  /** Aborted when the run is. */
  readonly signal: AbortSignal | undefined;
}

/** `reason` has the measured figure and the limit: `replica b lags 14 s, limit 10 s`. */
export type ThrottleVerdict =
  | { readonly go: true }
  | {
      readonly go: false;
      readonly reason: string;
      /** When to ask again. Default: 1 s, doubled at each time up to 15 s. */
      readonly retryAfterMs?: number | undefined;
    };
