// A server, three requests that break, and the alert: node main.ts express|fastify|hono|node-http
import process from 'node:process';
import type { Start } from './listening.ts';
import { ownAlerts } from './own-alerts.ts';

const SERVERS: Readonly<Record<string, () => Promise<{ readonly start: Start }>>> = {
  express: () => import('./express.ts'),
  fastify: () => import('./fastify.ts'),
  hono: () => import('./hono.ts'),
  'node-http': () => import('./node-http.ts'),
};

const [, , name = 'node-http'] = process.argv;
const load = SERVERS[name];
if (load === undefined) throw new Error(`Give one of ${Object.keys(SERVERS).join(', ')}`);
const { start } = await load();
const alerts = ownAlerts();
const server = await start(alerts, 0);
for (const id of ['1', '2', '3', '4', '5']) {
  const { status } = await fetch(`${server.url}/orders/${id}`, {
    headers: { connection: 'close' },
  });
  console.log(`GET /orders/${id}: ${status}`);
}
await server.close();
await alerts.close();
