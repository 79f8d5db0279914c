import { RequestRefusal } from './request-refusal.ts';

/** The envelope of a batch; its events are not looked at yet. */
export interface Batch {
  readonly sentAt: Date | undefined;
  readonly events: readonly unknown[];
  /** Bytes of JSON they came in. */
  readonly textLength: number;
}

/** @throws RequestRefusal 400 or 413 */
export function parseBatch(text: string, maxEvents: number): Batch {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new RequestRefusal(400, 'malformed', 'The body is not JSON', { cause });
  }
  const events: unknown = isRecord(body) ? body['events'] : undefined;
  if (!isRecord(body) || !Array.isArray(events)) {
    const message = 'Expected { "sentAt": "<ISO 8601>", "events": [ … ] }';
    throw new RequestRefusal(400, 'malformed', message);
  }
  if (events.length > maxEvents) {
    const message = `${events.length} events in one request, at most ${maxEvents} are allowed`;
    throw new RequestRefusal(413, 'too_large', message);
  }
  return { sentAt: parseTime(body['sentAt']), events, textLength: text.length };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `Date.parse` alone would take '1' and 'May'. */
const ISO_TIME = /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;

/** An ISO 8601 time with its offset; undefined for anything else. */
export function parseTime(value: unknown): Date | undefined {
  if (typeof value !== 'string' || !ISO_TIME.test(value)) return undefined;
  const time = new Date(value);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
