import { fastify } from 'fastify';
import type { Start } from './listening.ts';
import { findOrder } from './orders.ts';
import { report } from './report.ts';

export const start: Start = async (alerts, port) => {
  const app = fastify();
  // Before the routes. Fastify calls it for what is thrown, and answers by itself.
  app.addHook('onError', async (request, _reply, error) => {
    report(alerts, error, request.routeOptions.url);
  });
  app.get<{ Params: { id: string } }>('/orders/:id', ({ params }) => findOrder(params.id));
  const url = await app.listen({ port, host: '127.0.0.1' });
  return { url, close: () => app.close() };
};
