import type { Duration } from '@ops/timeout';
import type { BeforeSend } from '../client/before-send.ts';
import type { ConsentState, EventContext } from '../client/telemetry.ts';
import type { EventStore } from './event-store.ts';
import type { Page } from './page.ts';
import type { BrowserDropNotice } from './reporter.ts';
import type { Sampler } from './sampled.ts';
import type { Replace } from './to-json.ts';

/**
 * Options of {@link createTelemetry}. Where a number or duration makes no sense, the default is used
 * and `console.warn` says so: a wrong option must not break the page.
 */
export interface BrowserTelemetryOptions {
  /** URL of the ingest handler, relative or absolute. A neutral path is on no ad blocker's list. */
  readonly endpoint: string;
  /**
   * Write key: printable ASCII without spaces. Everyone who opens the page can read it. Sent in the
   * body, so that no request to another origin needs a preflight.
   */
  readonly key: string;
  /** Goes with every event. Read once, now. */
  readonly context?: EventContext | undefined;
  /** Bounds on what is pending. At the bound the oldest waiting event makes room for the newest. */
  readonly queue?: BrowserQueueOptions | undefined;
  /** When a request is sent, and how large. */
  readonly batch?: BrowserBatchOptions | undefined;
  /** What happens after 408, 425, 429, 5xx, a network error or a result of `retry`. */
  readonly retry?: BrowserRetryOptions | undefined;
  /**
   * Time for one request, its answer read.
   * @default '10s'
   */
  readonly requestTimeout?: Duration | undefined;
  /**
   * Told of lost events by reason: of the first shortly after the fact, of further ones at most once a
   * minute, and of all as the page is left; never from inside another call. What it throws or rejects
   * with is ignored. `events` are at most `queue.maxBytes` together; `count` is exact.
   * Default: `console.warn`, without the events.
   */
  readonly onDrop?: ((notice: BrowserDropNotice) => void | Promise<void>) | undefined;
  /** Which share of events is kept, such as `sampled(0.1)`. Default: all. */
  readonly sample?: Sampler | undefined;
  /**
   * `pending`: events are queued, and nothing is sent or stored. `denied`: nothing is queued.
   * @default 'granted'
   */
  readonly consent?: ConsentState | undefined;
  /** What goes instead of a value, such as `redactKeys(['password', /token/])`. Default: itself. */
  readonly redact?: Replace | undefined;
  /** Called inside `track()`, after redaction. */
  readonly beforeSend?: BeforeSend | undefined;
  /** Keeps what could not be sent for the next visit, such as `localStore()`. Default: none. */
  readonly store?: EventStore | undefined;
  /** Default: `globalThis`. For tests. */
  readonly page?: Page | undefined;
}

/** Bounds on what is pending. */
export interface BrowserQueueOptions {
  /** @default 10_000 */
  readonly maxEvents?: number | undefined;
  /**
   * Bytes of JSON in UTF-8. The heap holds about twice as much.
   * @default 5_000_000
   */
  readonly maxBytes?: number | undefined;
  /**
   * Bytes of one event as sent; a larger one is refused. Not above the handler's `limits.eventBytes`.
   * @default 32_768
   */
  readonly maxEventBytes?: number | undefined;
}

/** A request is sent as soon as one of these is reached; of a backlog it takes up to 500 events. */
export interface BrowserBatchOptions {
  /** @default 20 */
  readonly maxEvents?: number | undefined;
  /**
   * Bytes of JSON, also the most in one request. An event that is larger by itself goes alone. The
   * default is what the handler's `limits.bodyBytes` takes: a burst that goes in one request is on its
   * way when the page is left a moment later, and the rest of two would not be.
   * @default 1_000_000
   */
  readonly maxBytes?: number | undefined;
  /**
   * Time since the first event that waits.
   * @default '3s'
   */
  readonly interval?: Duration | undefined;
}

/** The n-th wait is random between 0 and `initialDelay` × 2^(n − 1), at most `maxDelay`. */
export interface BrowserRetryOptions {
  /** @default '500ms' */
  readonly initialDelay?: Duration | undefined;
  /** @default '60s' */
  readonly maxDelay?: Duration | undefined;
  /**
   * An attempt that fails this long after the event's first one is its last.
   * @default '15m'
   */
  readonly budget?: Duration | undefined;
  /**
   * The longest wait that a `Retry-After` can ask for.
   * @default '5m'
   */
  readonly maxRetryAfter?: Duration | undefined;
}
