import { type Clock, type Duration, systemClock } from '@ops/timeout';
import {
  callable,
  durationMs,
  parseOptions,
  positiveInteger,
  type Shape,
  withMethods,
} from '@ops/timeout/options';
import * as z from 'zod';
import { type EventDefinitions, isSchema } from '../events.ts';
import { type IngestAuth, isOrigin } from './auth.ts';
import type { ParsedCors } from './cors.ts';
import type { Dialect } from './dialects/dialect.ts';
import type { IngestNotice } from './notice.ts';
import type { ParsedRateLimit } from './rate-limit.ts';
import type { Rejection } from './rejection.ts';
import type { EventSink } from './sink.ts';

/** Options of {@link createIngestHandler}. */
export interface IngestOptions {
  /** From `defineEvents`. */
  readonly events: EventDefinitions;
  /** Where events go, such as `postgresSink(pool)`. */
  readonly sink: EventSink;
  /** Who may send, such as `keys([key])`. To let anyone in: `() => 'anyone'`. */
  readonly auth: IngestAuth;
  /**
   * What becomes of events that are not in `events`: dropped, or stored with their properties as they
   * come, unchecked.
   * @default 'drop'
   */
  readonly unknownEvents?: 'drop' | 'accept' | undefined;
  /**
   * Whose clients may send: this package's own, Segment's (and RudderStack's), PostHog's. Told apart by
   * the end of the path, or else by the shape of the body.
   * @default all of them
   */
  readonly dialects?: readonly ('native' | 'segment' | 'posthog')[] | undefined;
  /** Which pages on other origins may send. Default: none. */
  readonly cors?: CorsOptions | undefined;
  readonly limits?: IngestLimits | undefined;
  /** For each sender, in this process. Default: none. */
  readonly rateLimit?: RateLimitOptions | undefined;
  /**
   * Told of every event and every request that is refused, and once of a request of which the sink
   * stored only a part. What it throws or rejects with is counted in `stats().callbackErrors`. Causes
   * are for your log; they are not sent to the client.
   */
  readonly onReject?: ((rejection: Rejection) => void | Promise<void>) | undefined;
  /**
   * Told of every newly stored event after its commit, of losses that clients report, and of what
   * `onReject` is told. Called before the answer is sent, and not awaited. What it throws or rejects
   * with is counted in `stats().callbackErrors`.
   */
  readonly onEvent?: ((notice: IngestNotice) => void | Promise<void>) | undefined;
  /**
   * Where time comes from; what is missing is the real time.
   * @default the real time
   */
  readonly clock?: Partial<Clock> | undefined;
}

/** Which pages on other origins may send. */
export interface CorsOptions {
  /** Such as `['https://app.example.com']`, or `'*'` for all. */
  readonly origins: readonly string[] | '*';
  /**
   * Whether requests may carry cookies, as those of `sendBeacon` always do. Impossible with `'*'`; a
   * beacon arrives all the same there, but the browser reports its answer as blocked.
   * @default true, false with `'*'`
   */
  readonly credentials?: boolean | undefined;
  /**
   * How long a browser may remember the answer to a preflight; Chromium does for 2 h at most.
   * @default '24h'
   */
  readonly maxAge?: Duration | undefined;
}

/** A token bucket for each sender: the 10,000 that sent last, in this process. */
export interface RateLimitOptions {
  readonly eventsPerSecond: number;
  /**
   * Events that a sender who was silent may send at once. A request with more is let through by a full
   * bucket, and paid back by a longer wait for the next.
   * @default 10 seconds' worth
   */
  readonly burst?: number | undefined;
}

/** Bounds on what clients can make the server do. */
export interface IngestLimits {
  /**
   * Bytes of a body as sent, compressed or not.
   * @default 1_048_576
   */
  readonly bodyBytes?: number | undefined;
  /**
   * Bytes of a body after decompression.
   * @default 5_242_880
   */
  readonly decompressedBytes?: number | undefined;
  /**
   * Bytes of all bodies that are held at one time, as sent and decompressed; parsed they take several
   * times as much. A body counts until its events are written, also when its request was answered
   * before. Beyond it requests get 503. Bodies whose sender is not known yet may use half.
   * @default 67_108_864
   */
  readonly pendingBytes?: number | undefined;
  /**
   * Time for a body to arrive.
   * @default '10s'
   */
  readonly bodyTimeout?: Duration | undefined;
  /**
   * Events in one request.
   * @default 1_000
   */
  readonly events?: number | undefined;
  /**
   * Bytes of one event as JSON; a larger one is dropped.
   * @default 32_768
   */
  readonly eventBytes?: number | undefined;
  /**
   * How long before its receipt an event can have happened; an earlier one is moved there.
   * @default '30d'
   */
  readonly past?: Duration | undefined;
  /**
   * How long after its receipt an event can have happened, by clocks that disagree.
   * @default '1d'
   */
  readonly future?: Duration | undefined;
  /**
   * Writes of the sink at one time. Keep it below the size of the pool.
   * @default 4
   */
  readonly concurrentWrites?: number | undefined;
  /**
   * Events that wait for a write; while there are so many, requests get 503.
   * @default 10_000
   */
  readonly waitingEvents?: number | undefined;
  /**
   * Events of small requests that go to the sink together.
   * @default 1_000
   */
  readonly groupEvents?: number | undefined;
  /**
   * How long events wait for others to go with, while another write is under way; none wait otherwise.
   * @default '10ms'
   */
  readonly groupWait?: Duration | undefined;
  /**
   * How long a request waits for the commit of its events. Then it gets 503 while the write goes on, and
   * the client's repeat finds them stored.
   * @default '30s'
   */
  readonly writeTimeout?: Duration | undefined;
  /**
   * What clients are asked to wait while the sink or `auth` fails, in whole seconds. At most 1 s of it
   * when there is no place, or single events are to be sent again.
   * @default '5s'
   */
  readonly retryAfter?: Duration | undefined;
}

const YEARS_100_MS = 100 * 365 * 86_400_000;

const limitsSchema = z.strictObject({
  bodyBytes: positiveInteger.default(1_048_576),
  decompressedBytes: positiveInteger.default(5_242_880),
  pendingBytes: positiveInteger.default(67_108_864),
  bodyTimeout: durationMs({ minMs: 1 }).default(10_000),
  events: positiveInteger.default(1_000),
  eventBytes: positiveInteger.default(32_768),
  past: durationMs({ maxMs: YEARS_100_MS }).default(30 * 86_400_000),
  future: durationMs({ maxMs: YEARS_100_MS }).default(86_400_000),
  concurrentWrites: positiveInteger.default(4),
  waitingEvents: positiveInteger.default(10_000),
  groupEvents: positiveInteger.default(1_000),
  groupWait: durationMs().default(10),
  writeTimeout: durationMs({ minMs: 1 }).default(30_000),
  retryAfter: durationMs().default(5_000),
} satisfies Shape<IngestLimits>);

const corsSchema = z
  .strictObject({
    origins: z.custom<readonly string[] | '*'>(
      (value) => value === '*' || (Array.isArray(value) && value.every(isOrigin)),
      "expected '*' or origins such as 'https://app.example.com', without a path or a slash at the end",
    ),
    credentials: z.boolean().optional(),
    maxAge: durationMs().default(86_400_000),
  } satisfies Shape<CorsOptions>)
  .refine(({ origins, credentials }) => !(origins === '*' && credentials === true), {
    error: "no browser takes credentials with '*'; list the origins",
    path: ['credentials'],
  })
  .transform(
    (cors): ParsedCors => ({ ...cors, credentials: cors.credentials ?? cors.origins !== '*' }),
  );

const rateLimitSchema = z
  .strictObject({
    eventsPerSecond: z.number('expected a number above 0').positive('expected a number above 0'),
    burst: z
      .number('expected a number of 1 or more')
      .min(1, 'expected a number of 1 or more')
      .optional(),
  } satisfies Shape<RateLimitOptions>)
  .transform(
    ({ eventsPerSecond, burst }): ParsedRateLimit => ({
      eventsPerSecond,
      burst: burst ?? Math.max(1, 10 * eventsPerSecond),
    }),
  );

const dialect = z.enum(['native', 'segment', 'posthog']);

const schema = z.strictObject({
  events: z.custom<EventDefinitions>(
    (value) => typeof value === 'object' && value !== null && Object.values(value).every(isSchema),
    'expected the result of defineEvents',
  ),
  sink: withMethods<EventSink>('write'),
  auth: callable<IngestAuth>(),
  unknownEvents: z.enum(['drop', 'accept']).default('drop'),
  dialects: z.array(dialect).min(1).readonly().default(dialect.options),
  cors: corsSchema.optional(),
  limits: limitsSchema.prefault({}),
  rateLimit: rateLimitSchema.optional(),
  onReject: callable<(rejection: Rejection) => void | Promise<void>>().optional(),
  onEvent: callable<(notice: IngestNotice) => void | Promise<void>>().optional(),
  clock: withMethods<Partial<Clock>>().prefault({}).transform(completeClock),
} satisfies Shape<IngestOptions>);

/** Durations in milliseconds, defaults filled in. */
export interface ParsedIngestOptions {
  readonly events: EventDefinitions;
  readonly sink: EventSink;
  readonly auth: IngestAuth;
  readonly unknownEvents: 'drop' | 'accept';
  readonly dialects: readonly Dialect['name'][];
  readonly cors?: ParsedCors | undefined;
  readonly limits: Readonly<Record<keyof IngestLimits, number>>;
  readonly rateLimit?: ParsedRateLimit | undefined;
  readonly onReject?: ((rejection: Rejection) => void | Promise<void>) | undefined;
  readonly onEvent?: ((notice: IngestNotice) => void | Promise<void>) | undefined;
  readonly clock: Clock;
}

/** @throws InvalidOptionsError */
export function parseIngestOptions(options: IngestOptions): ParsedIngestOptions {
  return parseOptions(schema, options, { of: 'createIngestHandler' });
}

/** Timers come from one of the two as a pair: one cannot clear what the other set. */
function completeClock(given: Partial<Clock>): Clock {
  const timers = given.setTimeout && given.clearTimeout ? (given as Clock) : systemClock;
  return {
    now: () => given.now?.() ?? systemClock.now(),
    monotonic: () => given.monotonic?.() ?? systemClock.monotonic(),
    setTimeout: (callback, delayMs) => timers.setTimeout(callback, delayMs),
    clearTimeout: (timer) => timers.clearTimeout(timer),
  };
}
