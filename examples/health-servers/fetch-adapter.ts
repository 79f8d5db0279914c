import { createServer } from 'node:http';
import { createRequestListener } from '@remix-run/node-fetch-server';
import { listening, type Start } from './listening.ts';

export const start: Start = (health, port) => {
  const answer = (request: Request): Promise<Response> | Response => {
    if (new URL(request.url).pathname === '/') return new Response('hello');
    return health.fetch(request);
  };
  return listening(createServer(createRequestListener(answer)), port);
};
