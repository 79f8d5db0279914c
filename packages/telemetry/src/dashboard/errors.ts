/**
 * A widget has nothing to show: its load failed, and there is no earlier answer that is young enough.
 * `cause` is what its latest load failed with.
 */
export class WidgetUnavailableError extends Error {
  override readonly name = 'WidgetUnavailableError';
  readonly code = 'ERR_OPS_TELEMETRY_WIDGET_UNAVAILABLE';
  readonly widget: string;
  /** Loads of these parameters that have failed in a row. */
  readonly failureCount: number;
  /** Until then nothing is loaded: for a `Retry-After`. Milliseconds. */
  readonly retryAfterMs: number;

  constructor(widget: string, failureCount: number, retryAfterMs: number, cause: unknown) {
    super(
      `Widget ${widget} has no data: ${failureCount} load${failureCount === 1 ? '' : 's'} failed, the next is in ${Math.ceil(retryAfterMs)} ms; see cause`,
      { cause },
    );
    this.widget = widget;
    this.failureCount = failureCount;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The dashboard was closed. */
export class DashboardClosedError extends Error {
  override readonly name = 'DashboardClosedError';
  readonly code = 'ERR_OPS_TELEMETRY_DASHBOARD_CLOSED';

  constructor() {
    super('The dashboard data is closed; create another to go on reading');
  }
}
