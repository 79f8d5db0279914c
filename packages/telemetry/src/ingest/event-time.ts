/** How far from the time of receipt an event may be. */
export interface TimeLimits {
  readonly pastMs: number;
  readonly futureMs: number;
}

/** When an event happened by the server's clock, and what had to be changed to say so. */
export interface EventTime {
  readonly timestamp: Date;
  /** As the client wrote it; null when that is no time. */
  readonly clientTimestamp: Date | null;
  readonly warning?: string;
}

/**
 * A clock that differs by less is taken as right: the difference may be the time that the request took,
 * and a repeat of an event should land where the first went.
 */
const TOLERATED_SKEW_MS = 5_000;

/**
 * Moves a client's timestamp by its clock's error, `receivedAt` − `sentAt`, which includes the time
 * that the request took, when it is more than 5 s; without `sentAt` it is taken as it is. Then clamps
 * it, so that a clock that is years off cannot put rows where nobody looks, or outside what a column
 * can hold.
 */
export function eventTime(
  sent: unknown,
  sentAt: Date | undefined,
  receivedAt: Date,
  limits: TimeLimits,
): EventTime {
  const stated = parseTime(sent);
  if (stated === undefined) {
    return {
      timestamp: receivedAt,
      clientTimestamp: null,
      warning: 'timestamp: not an ISO 8601 time; the time of receipt is used',
    };
  }
  const received = receivedAt.getTime();
  const skewMs = sentAt === undefined ? 0 : received - sentAt.getTime();
  const corrected = stated.getTime() + (Math.abs(skewMs) > TOLERATED_SKEW_MS ? skewMs : 0);
  const clamped = Math.min(
    Math.max(corrected, received - limits.pastMs),
    received + limits.futureMs,
  );
  const time = { timestamp: new Date(clamped), clientTimestamp: stated };
  if (clamped === corrected) return time;
  const direction = clamped > corrected ? 'past' : 'future';
  return { ...time, warning: `timestamp: too far in the ${direction}; moved to the limit` };
}

/** `Date.parse` alone would take '1' and 'May'. */
const ISO_TIME = /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;

/** An ISO 8601 time with its offset; undefined for anything else. */
export function parseTime(value: unknown): Date | undefined {
  if (typeof value !== 'string' || !ISO_TIME.test(value)) return undefined;
  const time = new Date(value);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
