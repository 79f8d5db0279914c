import type {
  ConsentState,
  DeliveryReport,
  FlushOptions,
  ShutdownOptions,
  TelemetryStats,
  Tracker,
} from '../client/telemetry.ts';
import type { EventDefinitions } from '../events.ts';
import type { BrowserDropReason } from './drop-reason.ts';

/** The client in a page. It counts as the Node client does. */
export interface BrowserTelemetry<E extends EventDefinitions> extends Tracker<E> {
  /** The books at this moment. */
  stats(): BrowserStats;
  /**
   * `denied` drops what is pending (`no_consent`), also from the store, ends the request under way, and
   * refuses what comes; `pending` queues and sends nothing; `granted` sends.
   */
  consent(state: ConsentState): void;
  /**
   * Sends what is pending without waiting for a batch to fill, also what was handed to a beacon.
   * Resolves when everything accepted before the call is delivered or dropped, when `timeout` is up,
   * or at once when the next attempt is only due later than that. Never rejects.
   */
  flush(options?: FlushOptions): Promise<BrowserReport>;
  /**
   * Closes: `track()` returns false from now on. Delivers what it can within `timeout`, then drops the
   * rest (`shutdown`), tells of untold losses, and leaves no timer, listener or request behind. Never
   * rejects. A second call returns the promise of the first. A page that is left needs none.
   */
  shutdown(options?: ShutdownOptions): Promise<BrowserReport>;
}

/**
 * `accepted = delivered + pending + the sum of dropped`, at every moment.
 *
 * `delivered` are those of which the server said so. What a beacon took is still `pending`: nobody
 * learns what became of it, so it is sent again when the page is shown again, and the server knows
 * the id. `accepted` includes what `store` gave back.
 */
export interface BrowserStats extends Omit<TelemetryStats, 'dropped'> {
  readonly dropped: Readonly<Record<BrowserDropReason, number>>;
}

/** What happened during a flush or shutdown. */
export interface BrowserReport extends Omit<DeliveryReport, 'dropped'> {
  /** Dropped since the call. */
  readonly dropped: Readonly<Record<BrowserDropReason, number>>;
}
