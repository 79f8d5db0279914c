import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { listening, type Start } from './listening.ts';

export const start: Start = (health, port) => {
  const app = new Hono();
  app.get('/', (context) => context.text('hello'));
  // `/*` takes the path without it too. All methods: health answers 405 to those it does not take.
  for (const path of ['/health/*', '/livez/*', '/readyz/*', '/startupz/*', '/healthz/*']) {
    app.all(path, (context) => health.fetch(context.req.raw));
  }
  const listener = getRequestListener(app.fetch);
  return listening(
    createServer((request, response) => void listener(request, response)),
    port,
  );
};
