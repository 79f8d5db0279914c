import type { RollupRefresh } from './refresh/report.ts';

/** What happens during a refresh, as it happens. */
export type MetricsEvent =
  | {
      /** A transaction of a refresh is committed. */
      readonly type: 'progress';
      readonly rollup: string;
      readonly rows: number;
      readonly buckets: number;
      readonly frozenBuckets: number;
      readonly durationMs: number;
      /** False when the rollup is up to date with it. */
      readonly isMore: boolean;
    }
  | {
      /** A rollup's turn is over. */
      readonly type: 'refreshed';
      readonly result: RollupRefresh;
    };
