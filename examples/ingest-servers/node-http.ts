import { createServer } from 'node:http';
import { createRequestListener } from '@remix-run/node-fetch-server';
import { listening, type Start } from './listening.ts';

export const start: Start = (handler, port) => {
  const ingest = createRequestListener(handler);
  const server = createServer((request, response) => {
    if (/^\/api\/telemetry(?:[/?]|$)/.test(request.url ?? '')) {
      ingest(request, response);
      return;
    }
    response.statusCode = request.url === '/' ? 200 : 404;
    response.end(request.url === '/' ? 'hello' : 'not found');
  });
  return listening(server, port);
};
