import { createServer } from 'node:http';
import { createRequestListener } from '@remix-run/node-fetch-server';
import Koa from 'koa';
import { listening, type Start } from './listening.ts';

export const start: Start = (handler, port) => {
  const app = new Koa();
  const ingest = createRequestListener(handler);
  // Before body parsers: the handler reads, bounds and decompresses the body itself.
  app.use(async (context, next) => {
    if (!/^\/api\/telemetry(?:\/|$)/.test(context.path)) return next();
    context.respond = false;
    return ingest(context.req, context.res);
  });
  app.use((context) => {
    if (context.path === '/') context.body = 'hello';
  });
  const listener = app.callback();
  return listening(
    createServer((request, response) => void listener(request, response)),
    port,
  );
};
