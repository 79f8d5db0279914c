import type { IngestHandler } from '@ops/telemetry/ingest';

/**
 * What `app/api/telemetry/[[...path]]/route.ts` exports; without `[[...path]]` it takes this package's
 * clients alone, because those of Segment and PostHog add to the path:
 *
 *     export const { POST, OPTIONS } = routeHandlers(handler);
 *
 * OPTIONS is for pages on other origins. Next.js answers 405 to methods that are not exported.
 */
export function routeHandlers(handler: IngestHandler): {
  readonly POST: IngestHandler;
  readonly OPTIONS: IngestHandler;
} {
  return { POST: handler, OPTIONS: handler };
}
