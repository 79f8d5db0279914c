import { createRequestListener } from '@remix-run/node-fetch-server';
import createFastify from 'fastify';
import type { Start } from './listening.ts';

export const start: Start = async (handler, port) => {
  const app = createFastify();
  const ingest = createRequestListener(handler);
  // A scope of its own, because its parsers leave the body alone: the handler reads it.
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    for (const path of ['/api/telemetry', '/api/telemetry/*']) {
      scope.all(path, async (request, reply) => {
        reply.hijack();
        ingest(request.raw, reply.raw);
      });
    }
  });
  app.get('/', () => 'hello');
  const url = await app.listen({ host: '127.0.0.1', port });
  return { url, close: () => app.close() };
};
