import { createServer } from 'node:http';
import { toNodeListener } from '@ops/health/node';
import express from 'express';
import { listening, type Start } from './listening.ts';

export const start: Start = (health, port) => {
  const app = express();
  // Before sessions, body parsers and rate limiters: a probe needs none of them.
  app.use(toNodeListener(health));
  app.get('/', (_request, response) => {
    response.send('hello');
  });
  return listening(createServer(app), port);
};
