import type { Duration } from '@ops/timeout';
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
import type { IngestAuth } from './auth.ts';
import type { Rejection } from './rejection.ts';
import type { EventSink } from './sink.ts';

/** Options of {@link createIngestHandler}. */
export interface IngestOptions {
  /** From `defineEvents`. Events that are not in here are dropped. */
  readonly events: EventDefinitions;
  /** Where events go, such as `postgresSink(pool)`. */
  readonly sink: EventSink;
  /** Who may send, such as `keys([key])`. To let anyone in: `() => 'anyone'`. */
  readonly auth: IngestAuth;
  readonly limits?: IngestLimits | undefined;
  /**
   * Told of every event and every request that is refused, and once of a request of which the sink
   * stored only a part. What it throws or rejects with is ignored. Causes are for your log; they are not sent to the client.
   */
  readonly onReject?: ((rejection: Rejection) => void | Promise<void>) | undefined;
  /**
   * Where the time of receipt comes from.
   * @default the real time
   */
  readonly clock?: { now(): number } | undefined;
}

/** Bounds on what a client can make the server do. */
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
   * Requests that wait for a write; one more is answered with 503.
   * @default 64
   */
  readonly waitingWrites?: number | undefined;
}

const YEARS_100_MS = 100 * 365 * 86_400_000;

const limitsSchema = z.strictObject({
  bodyBytes: positiveInteger.default(1_048_576),
  decompressedBytes: positiveInteger.default(5_242_880),
  bodyTimeout: durationMs({ minMs: 1 }).default(10_000),
  events: positiveInteger.default(1_000),
  eventBytes: positiveInteger.default(32_768),
  past: durationMs({ maxMs: YEARS_100_MS }).default(30 * 86_400_000),
  future: durationMs({ maxMs: YEARS_100_MS }).default(86_400_000),
  concurrentWrites: positiveInteger.default(4),
  waitingWrites: positiveInteger.default(64),
} satisfies Shape<IngestLimits>);

const schema = z.strictObject({
  events: z.custom<EventDefinitions>(
    (value) => typeof value === 'object' && value !== null && Object.values(value).every(isSchema),
    'expected the result of defineEvents',
  ),
  sink: withMethods<EventSink>('write'),
  auth: callable<IngestAuth>(),
  limits: limitsSchema.prefault({}),
  onReject: callable<(rejection: Rejection) => void | Promise<void>>().optional(),
  clock: withMethods<{ now(): number }>('now').default(() => ({ now: () => Date.now() })),
} satisfies Shape<IngestOptions>);

/** Durations in milliseconds, defaults filled in. */
export interface ParsedIngestOptions {
  readonly events: EventDefinitions;
  readonly sink: EventSink;
  readonly auth: IngestAuth;
  readonly limits: Readonly<Record<keyof IngestLimits, number>>;
  readonly onReject?: ((rejection: Rejection) => void | Promise<void>) | undefined;
  readonly clock: { now(): number };
}

/** @throws InvalidOptionsError */
export function parseIngestOptions(options: IngestOptions): ParsedIngestOptions {
  return parseOptions(schema, options, { of: 'createIngestHandler' });
}
