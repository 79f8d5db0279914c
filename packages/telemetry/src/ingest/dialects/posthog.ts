import {
  type DecodedBatch,
  type DecodedEvent,
  type Dialect,
  defined,
  isRecord,
} from './dialect.ts';

/**
 * PostHog's batches: `/batch/`, with the key and the time of sending in the body, and one answer for
 * all events.
 *
 * @see https://posthog.com/docs/api/capture
 */
export const posthog: Dialect = {
  name: 'posthog',
  hasResults: false,
  takesForeignIds: true,
  success: { status: 'Ok' },
  ownsPath: (path) => path.endsWith('/batch') && !path.endsWith('/v1/batch'),
  decode(body): DecodedBatch | undefined {
    const { batch, api_key: key, sent_at: sentAt } = body;
    if (!Array.isArray(batch)) return undefined;
    return { sentAt, key, events: batch.map((raw) => decodePosthogEvent(raw)) };
  },
};

/** Properties whose names PostHog's clients begin with `$` are kept as they come. */
export function decodePosthogEvent(raw: unknown): DecodedEvent | string {
  if (!isRecord(raw)) return 'not an object';
  const { uuid, event, timestamp, properties = {}, distinct_id: distinctId } = raw;
  if (!isRecord(properties)) return 'properties: expected an object';
  const { distinct_id: inner, $pathname: path, $session_id: session } = properties;
  const userId = distinctId ?? inner;
  const sessionId = raw['session_id'] ?? session;
  return {
    id: uuid,
    name: event,
    timestamp,
    props: properties,
    context: defined({ userId, path, sessionId }),
    sampleRate: undefined,
    raw,
  };
}
