import { createServer } from 'node:http';
import express, { type ErrorRequestHandler } from 'express';
import { listening, type Start } from './listening.ts';
import { findOrder } from './orders.ts';
import { report } from './report.ts';

export const start: Start = (alerts, port) => {
  const app = express();
  app.get('/orders/:id', async ({ params }, response) => {
    response.json(await findOrder(params.id));
  });
  // Last, and with four parameters: by them Express knows a middleware for errors.
  const reportError: ErrorRequestHandler = (error, request, _response, next) => {
    const route: unknown = request.route?.path;
    report(alerts, error, typeof route === 'string' ? request.baseUrl + route : undefined);
    next(error);
  };
  app.use(reportError);
  // Or Express prints the stack of every error.
  app.set('env', 'test');
  return listening(createServer(app), port);
};
