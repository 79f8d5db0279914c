import type { Duration } from '@ops/timeout';

/** Options of one refresh. */
export interface RefreshOptions {
  /** Only these. Default: all. */
  readonly rollups?: readonly string[] | undefined;
  /** No transaction is begun after this time. The next refresh goes on where this one stops. @default '50s' */
  readonly budget?: Duration | undefined;
  /** Aborting closes the connection: the transaction under way is rolled back, the report says `aborted`. */
  readonly signal?: AbortSignal | undefined;
}

/** Why the refresh of a rollup ended. */
export type RefreshStatus =
  /** It is up to date, but for what transactions still running have written. */
  | 'done'
  /** Another worker is at it. */
  | 'busy'
  /** The time was up. */
  | 'budget'
  | 'aborted'
  | 'failed';

/** What was done for one rollup. */
export interface RollupRefresh {
  readonly rollup: string;
  readonly status: RefreshStatus;
  /** Raw rows that were read. */
  readonly rows: number;
  /** Buckets of the finest grain that were written. */
  readonly buckets: number;
  /** Buckets with a change that were left as they are, older than the raw rows' retention. */
  readonly frozenBuckets: number;
  readonly transactions: number;
  readonly durationMs: number;
  /** With `failed`. */
  readonly error: unknown;
}

/** What a refresh did. */
export interface RefreshReport {
  readonly rollups: readonly RollupRefresh[];
  readonly durationMs: number;
}

/** One transaction of a refresh. */
export interface RefreshStep {
  /** `done` when nothing is left to do. */
  readonly status: 'more' | 'done' | 'busy';
  readonly rows: number;
  readonly buckets: number;
  readonly frozenBuckets: number;
}
