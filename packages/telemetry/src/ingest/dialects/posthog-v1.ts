import { type DecodedBatch, type Dialect, isRecord } from './dialect.ts';
import { decodePosthogEvent } from './posthog.ts';

/**
 * PostHog's capture protocol 1: a result for each event, and only those to `retry` are sent again. The
 * key is a Bearer token. `created_at` is the time of the first attempt; that of each attempt is in
 * a header. `options` goes into the context.
 *
 * @see https://github.com/PostHog/posthog-sdk-test-harness
 */
export const posthogV1: Dialect = {
  name: 'posthog',
  hasResults: true,
  takesForeignIds: true,
  ownsPath: (path) => path.endsWith('/i/v1/analytics/events'),
  decode(body, { headers }): DecodedBatch | undefined {
    const { batch } = body;
    if (!Array.isArray(batch)) return undefined;
    const sentAt = headers.get('posthog-request-timestamp') ?? undefined;
    const library = headers.get('posthog-sdk-info') ?? undefined;
    const events = batch.map((raw: unknown) => {
      const event = decodePosthogEvent(raw);
      if (typeof event === 'string' || !isRecord(event.context)) return event;
      const { options } = event.raw as Record<string, unknown>;
      const context = {
        ...event.context,
        ...(library !== undefined && { library }),
        ...(isRecord(options) && Object.keys(options).length > 0 && { options }),
      };
      return { ...event, context };
    });
    return { sentAt, key: undefined, events };
  },
};
