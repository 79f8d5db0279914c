/** What {@link DashboardOptions.onEvent} is told. */
export type DashboardEvent =
  | {
      /** One statement answered the queries of one moment. */
      readonly type: 'queried';
      readonly widgets: readonly string[];
      /** Queries in the statement; fewer than loads where some were made into one. */
      readonly queryCount: number;
      readonly loadCount: number;
      readonly durationMs: number;
    }
  | {
      /** A load failed. Readers get an earlier answer where there is one. */
      readonly type: 'load-failed';
      readonly widget: string;
      readonly error: unknown;
      /** In a row. */
      readonly failureCount: number;
      readonly retryAfterMs: number;
    }
  | {
      /** The watermarks could not be read: answers are renewed by `ttl` alone meanwhile. */
      readonly type: 'watermark-failed';
      readonly error: unknown;
    };
