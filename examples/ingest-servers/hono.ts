import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { listening, type Start } from './listening.ts';

export const start: Start = (handler, port) => {
  const app = new Hono();
  app.get('/', (context) => context.text('hello'));
  // `/*` takes the path without it too. All methods: the handler answers preflights, and 405.
  app.all('/api/telemetry/*', (context) => handler(context.req.raw));
  const listener = getRequestListener(app.fetch);
  return listening(
    createServer((request, response) => void listener(request, response)),
    port,
  );
};
