import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequestListener } from '@remix-run/node-fetch-server';
import type pg from 'pg';
import { workflowAnalytics } from './analytics.ts';
import type { Operations } from './operations.ts';

/** A server that listens. */
export interface Listening {
  /** `http://host:port`, no slash at the end. */
  readonly url: string;
  /**
   * Answers as before, but each answer ends its connection: clients that keep connections are led
   * elsewhere, and none has a request on its way when {@link close} cuts what is idle.
   */
  retire(): void;
  /** Retires, takes no new connection, lets running requests end, resolves when the last has. */
  close(): Promise<void>;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Every request of the service: its own endpoint, ingest, and health for the rest. */
export function createApp(
  pool: pg.Pool,
  operations: Operations,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const url = new URL(request.url);
    try {
      if (url.pathname === '/api/telemetry') return await operations.ingest(request);
      if (url.pathname === '/api/analytics/workflows') {
        // A real service takes the user from the session.
        const userId = url.searchParams.get('user') ?? '';
        if (!UUID.test(userId))
          return Response.json({ error: 'user: expected a UUID' }, { status: 400 });
        return Response.json(await workflowAnalytics(pool, userId));
      }
      if (url.pathname === '/api/integrations') {
        const { products, businesses } = operations.integrations;
        const [shop, books] = await Promise.allSettled([
          products(100, request.signal),
          businesses(100, request.signal),
        ]);
        // One partner that is away does not take the other one with it.
        return Response.json({ products: valueOf(shop), businesses: valueOf(books) });
      }
      return await operations.health.fetch(request);
    } catch (error) {
      operations.alerts.error(error, { route: url.pathname });
      return Response.json({ error: 'internal error' }, { status: 500 });
    }
  };
}

/** null: not known now. Why was told to the alerts. */
function valueOf<T>(result: PromiseSettledResult<T>): T | null {
  return result.status === 'fulfilled' ? result.value : null;
}

/** Serves `app` on a port of this host; port 0 takes a free one. */
export async function listen(
  app: (request: Request) => Promise<Response>,
  port: number,
  host = '127.0.0.1',
): Promise<Listening> {
  let isRetired = false;
  const retire = (): void => {
    isRetired = true;
  };
  const answer = async (request: Request): Promise<Response> => {
    const response = await app(request);
    if (isRetired) response.headers.set('connection', 'close');
    return response;
  };
  const server = createServer(createRequestListener(answer));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  const close = (): Promise<void> => {
    retire();
    return closeServer(server);
  };
  return { url: `http://${host}:${taken}`, retire, close };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => {
      if (error) reject(error);
      else resolve();
    });
    server.closeIdleConnections();
  });
}
