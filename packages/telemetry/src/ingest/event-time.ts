import { parseTime } from './parse-batch.ts';

/** How far from the time of receipt an event may be. */
export interface TimeLimits {
  readonly pastMs: number;
  readonly futureMs: number;
}

/** When an event happened by the server's clock, and what had to be changed to say so. */
export interface EventTime {
  readonly timestamp: Date;
  readonly warning?: string;
}

/**
 * Moves a client's timestamp by its clock's error, `receivedAt` − `sentAt`, which includes the time
 * that the request took; without `sentAt` it is taken as it is. Then clamps it, so that a clock that
 * is years off cannot put rows where nobody looks, or outside what a column can hold.
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
      warning: 'timestamp: not an ISO 8601 time; the time of receipt is used',
    };
  }
  const received = receivedAt.getTime();
  const skewMs = sentAt === undefined ? 0 : received - sentAt.getTime();
  const corrected = stated.getTime() + skewMs;
  const clamped = Math.min(
    Math.max(corrected, received - limits.pastMs),
    received + limits.futureMs,
  );
  const timestamp = new Date(clamped);
  if (clamped === corrected) return { timestamp };
  const direction = clamped > corrected ? 'past' : 'future';
  return { timestamp, warning: `timestamp: too far in the ${direction}; moved to the limit` };
}
