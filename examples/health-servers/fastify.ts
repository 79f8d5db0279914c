import { toNodeListener } from '@ops/health/node';
import createFastify from 'fastify';
import type { Start } from './listening.ts';

export const start: Start = async (health, port) => {
  const app = createFastify();
  const answerHealth = toNodeListener(health);
  // A hook of the whole server sees every path and method, and comes before a body is read. Where
  // health answers, `done` is not called, so Fastify goes no further with the request.
  app.addHook('onRequest', (request, reply, done) => {
    answerHealth(request.raw, reply.raw, () => done());
  });
  app.get('/', () => 'hello');
  const url = await app.listen({ host: '127.0.0.1', port });
  return { url, close: () => app.close() };
};
