import type { Health } from '@ops/health';

/** What a `route.ts` of Next.js exports for one method. */
export type RouteHandler = (request: Request) => Promise<Response>;

/**
 * The handlers for `app/livez/[[...name]]/route.ts`, and the same file for `readyz`, `startupz`,
 * `healthz` and `health`:
 *
 *     export const dynamic = 'force-dynamic';
 *     export const { GET, HEAD } = routeHandlers(health);
 *
 * `health` is made in one module that all of them import, so that they share its results. Next.js
 * answers 405 to methods that are not exported.
 */
export function routeHandlers({ fetch }: Pick<Health, 'fetch'>): {
  readonly GET: RouteHandler;
  readonly HEAD: RouteHandler;
} {
  const answer: RouteHandler = (request) => fetch(request);
  return { GET: answer, HEAD: answer };
}
