import { type Clock, type Duration, systemClock } from '@ops/timeout';
import type { Fetch } from '@ops/timeout/fetch';
import {
  callable,
  durationMs,
  parseOptions,
  positiveInteger,
  type Shape,
  withMethods,
} from '@ops/timeout/options';
import * as z from 'zod';
import type { BeforeSend } from '../client/before-send.ts';
import type { DropNotice } from '../client/drop.ts';
import type { OverflowPolicy } from '../client/event-queue.ts';
import type { TelemetryLogger } from '../client/loss-warner.ts';
import type { RedactKeys } from '../client/redact.ts';
import type { SampleRates } from '../client/sample.ts';
import type { ConsentState, EventContext } from '../client/telemetry.ts';
import type { EventDefinitions, EventName } from '../events.ts';
import type { WaitUntil } from './wait-until.ts';

/** Options of {@link createTelemetry}. */
export interface TelemetryOptions<E extends EventDefinitions = EventDefinitions> {
  /** Absolute http or https URL of the ingest handler, without user and password. */
  readonly endpoint: string;
  /** Write key, sent as a bearer token. Printable ASCII without spaces. */
  readonly key: string;
  /** Goes with every event. Read once, now. */
  readonly context?: EventContext | undefined;
  /**
   * Share of the events to keep, 0 to 1, for all or by event name (`'*'` for the others). What is
   * outside is refused as `sampled`; what is inside tells the server the rate. Decided by a hash of
   * `context.userId`, so that a user is in or out as a whole, in every process; without one by event.
   * @default 1
   */
  readonly sample?: SampleRates<EventName<E>> | undefined;
  /**
   * What the user has said before the client was made; {@link Telemetry.consent} changes it.
   * @default 'granted'
   */
  readonly consent?: ConsentState | undefined;
  /**
   * Keys whose values become `[Redacted]`, in properties and context at any depth, and as parameters
   * in URLs anywhere in a text. With any key, so do user and password in URLs. Other text is not
   * searched.
   * @default []
   */
  readonly redact?: RedactKeys | undefined;
  /** May change or leave out an event. Called inside `track()`, after sampling and redaction. */
  readonly beforeSend?: BeforeSend | undefined;
  /** Bounds on what is pending, waiting and in flight together. */
  readonly queue?: QueueOptions | undefined;
  /** When a request is sent, and how large. */
  readonly batch?: BatchOptions | undefined;
  /** What happens after 408, 425, 429, 5xx, a network error or a result of `retry`. */
  readonly retry?: RetryOptions | undefined;
  /**
   * Time for one request, its answer read.
   * @default '10s'
   */
  readonly requestTimeout?: Duration | undefined;
  /**
   * Told of lost events, gathered by reason and status, shortly after the fact and never from inside
   * another call. What it throws or rejects with is ignored. Events that it loses itself by tracking
   * are counted and logged, and not handed back to it.
   */
  readonly onDrop?: ((notice: DropNotice) => void | Promise<void>) | undefined;
  /** Gets a warning per reason a minute, with counts. Default: `console.warn`. */
  readonly logger?: TelemetryLogger | undefined;
  /**
   * For serverless platforms: is called inside `track()` with a promise that settles when what is
   * pending is delivered or dropped, at most one at a time; events then go out without lingering. What
   * it throws is ignored. Where it belongs to one request, call its `waitUntil(telemetry.flush())`
   * yourself instead.
   */
  readonly waitUntil?: WaitUntil | undefined;
  /** What sends the requests. Default: `globalThis.fetch`, looked up at each call. */
  readonly fetch?: Fetch | undefined;
  /** Default: the real time. */
  readonly clock?: Clock | undefined;
  /**
   * From 0 to 1, for jitter; event ids do not come from it.
   * @default Math.random
   */
  readonly random?: (() => number) | undefined;
}

/** Bounds on what is pending. */
export interface QueueOptions {
  /** @default 10_000 */
  readonly maxEvents?: number | undefined;
  /**
   * Bytes of JSON in UTF-8. The heap holds about twice as much.
   * @default 5_000_000
   */
  readonly maxBytes?: number | undefined;
  /**
   * Bytes of one event as sent, id and context included; a larger one is refused. Keep it at or below
   * the handler's `limits.eventBytes`, and below `maxBytes`, which bounds it too.
   * @default 32_768
   */
  readonly maxEventBytes?: number | undefined;
  /**
   * At a bound: the oldest waiting event makes room for the newest, or the newest is refused. What is
   * in flight always stays.
   * @default 'drop-oldest'
   */
  readonly overflow?: OverflowPolicy | undefined;
}

/** A request is sent as soon as one of these, or half of what the queue holds, is reached. */
export interface BatchOptions {
  /**
   * Keep it at or below the handler's `limits.events`. A request costs the CPU of about 90 events: at
   * 100 that is half of all, at 500 a sixth.
   * @default 500
   */
  readonly maxEvents?: number | undefined;
  /**
   * Bytes of JSON before compression. An event that is larger by itself goes alone.
   * @default 500_000
   */
  readonly maxBytes?: number | undefined;
  /**
   * Time since the first event that waits.
   * @default '5s'
   */
  readonly interval?: Duration | undefined;
  /**
   * Bytes of JSON from which a request is compressed (gzip, level 1, on a thread of its own). `false`
   * for a server that takes no `Content-Encoding`.
   * @default 1_024
   */
  readonly gzipFrom?: number | false | undefined;
}

/** The n-th wait is random between 0 and `initialDelay` × 2^(n − 1), at most `maxDelay`. */
export interface RetryOptions {
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

const queueSchema = z.strictObject({
  maxEvents: positiveInteger.default(10_000),
  maxBytes: positiveInteger.default(5_000_000),
  maxEventBytes: positiveInteger.default(32_768),
  overflow: z.enum(['drop-oldest', 'drop-newest']).default('drop-oldest'),
} satisfies Shape<QueueOptions>);

const batchSchema = z.strictObject({
  maxEvents: positiveInteger.default(500),
  maxBytes: positiveInteger.default(500_000),
  interval: durationMs().default(5_000),
  gzipFrom: z.union([positiveInteger, z.literal(false)]).default(1_024),
} satisfies Shape<BatchOptions>);

const retrySchema = z.strictObject({
  initialDelay: durationMs({ minMs: 1 }).default(500),
  maxDelay: durationMs({ minMs: 1 }).default(60_000),
  budget: durationMs().default(900_000),
  maxRetryAfter: durationMs().default(300_000),
} satisfies Shape<RetryOptions>);

const ratio = z.number().min(0).max(1);

const schema = z.strictObject({
  endpoint: z
    .string()
    .refine(isPlainHttpUrl, 'expected an absolute http or https URL without user and password'),
  key: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'expected printable ASCII without spaces, at least one character'),
  context: z
    .custom<EventContext>(
      (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      'expected an object',
    )
    .optional(),
  sample: z.union([ratio, z.record(z.string(), ratio.optional())]).default(1),
  consent: z.enum(['granted', 'pending', 'denied']).default('granted'),
  redact: z.array(z.union([z.string().min(1), z.instanceof(RegExp)])).default([]),
  beforeSend: callable<BeforeSend>().optional(),
  queue: queueSchema.prefault({}),
  batch: batchSchema.prefault({}),
  retry: retrySchema.prefault({}),
  requestTimeout: durationMs({ minMs: 1 }).default(10_000),
  onDrop: callable<(notice: DropNotice) => void | Promise<void>>().optional(),
  logger: withMethods<TelemetryLogger>('warn').optional(),
  waitUntil: callable<WaitUntil>().optional(),
  fetch: callable<Fetch>().optional(),
  clock: withMethods<Clock>('now', 'monotonic', 'setTimeout', 'clearTimeout').default(
    () => systemClock,
  ),
  random: callable<() => number>().default(() => Math.random),
} satisfies Shape<TelemetryOptions>);

/** Durations in milliseconds, defaults filled in. */
export interface ParsedTelemetryOptions {
  readonly endpoint: string;
  readonly key: string;
  readonly context?: EventContext | undefined;
  readonly sample: SampleRates;
  readonly consent: ConsentState;
  readonly redact: RedactKeys;
  readonly beforeSend?: BeforeSend | undefined;
  readonly queue: Readonly<Record<'maxEvents' | 'maxBytes' | 'maxEventBytes', number>> & {
    readonly overflow: OverflowPolicy;
  };
  readonly batch: Readonly<Record<'maxEvents' | 'maxBytes' | 'interval', number>> & {
    readonly gzipFrom: number | false;
  };
  readonly retry: Readonly<Record<keyof RetryOptions, number>>;
  readonly requestTimeout: number;
  readonly onDrop?: ((notice: DropNotice) => void | Promise<void>) | undefined;
  readonly logger?: TelemetryLogger | undefined;
  readonly waitUntil?: WaitUntil | undefined;
  readonly fetch?: Fetch | undefined;
  readonly clock: Clock;
  readonly random: () => number;
}

/** @throws InvalidOptionsError */
export function parseTelemetryOptions(options: TelemetryOptions): ParsedTelemetryOptions {
  return parseOptions(schema, options, {
    of: 'createTelemetry',
    secretKeys: ['key', 'endpoint', 'context'],
  });
}

function isPlainHttpUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return (
    (url?.protocol === 'http:' || url?.protocol === 'https:') &&
    url.username === '' &&
    url.password === ''
  );
}
