import { createServer } from 'node:http';
import { createRequestListener } from '@remix-run/node-fetch-server';
import express from 'express';
import { listening, type Start } from './listening.ts';

export const start: Start = (handler, port) => {
  const app = express();
  // Before body parsers: the handler reads, bounds and decompresses the body itself.
  app.all('/api/telemetry{/*path}', createRequestListener(handler));
  app.use(express.json());
  app.get('/', (_request, response) => {
    response.send('hello');
  });
  return listening(createServer(app), port);
};
