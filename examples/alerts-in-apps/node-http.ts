import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listening, type Start } from './listening.ts';
import { findOrder } from './orders.ts';
import { report } from './report.ts';

/** `undefined`: no route fits. */
function routeOf(url = ''): { readonly route: string; readonly id: string } | undefined {
  const [, id] = /^\/orders\/([^/?]+)$/.exec(url) ?? [];
  return id === undefined ? undefined : { route: '/orders/:id', id };
}

async function answer({ url }: IncomingMessage, response: ServerResponse): Promise<void> {
  const found = routeOf(url);
  if (found === undefined) {
    response.writeHead(404).end('not found');
    return;
  }
  const order = await findOrder(found.id);
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(order));
}

export const start: Start = (alerts, port) => {
  const server = createServer((request, response) => {
    // Without this the rejection would end the process.
    answer(request, response).catch((error: unknown) => {
      report(alerts, error, routeOf(request.url)?.route);
      const { statusCode = 500 } = Object(error) as { readonly statusCode?: number };
      if (response.headersSent) response.destroy();
      else response.writeHead(statusCode).end();
    });
  });
  return listening(server, port);
};
