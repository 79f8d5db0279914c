import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { routePath } from 'hono/route';
import { listening, type Start } from './listening.ts';
import { findOrder } from './orders.ts';
import { report } from './report.ts';

export const start: Start = (alerts, port) => {
  const app = new Hono();
  app.get('/orders/:id', async (context) => context.json(await findOrder(context.req.param('id'))));
  app.onError((error, context) => {
    report(alerts, error, routePath(context));
    if (error instanceof HTTPException) return error.getResponse();
    const isMissing = 'statusCode' in error && error.statusCode === 404;
    return isMissing ? context.notFound() : context.text('Internal Server Error', 500);
  });
  return listening(createAdaptorServer({ fetch: app.fetch }) as Server, port);
};
