import type { Alerts } from '@ops/alerts';

/** As much of the alerts as a server needs. */
export type Reporter = Pick<Alerts, 'error'>;

/**
 * Reports what is the service's fault. An error that says it is the client's (`status` or `statusCode`
 * below 500, as the errors of Express, Fastify and Hono do) is an answer, and no trouble.
 *
 * @param route the pattern, `/orders/:id`, and never the path: there is no end of those.
 */
export function report(alerts: Reporter, error: unknown, route: string | undefined): void {
  const { status, statusCode = status } = Object(error) as Record<string, unknown>;
  if (typeof statusCode === 'number' && statusCode < 500) return;
  alerts.error(error, { route: route ?? 'none' });
}
