import { createServer } from 'node:http';
import { toNodeListener } from '@ops/health/node';
import { listening, type Start } from './listening.ts';

export const start: Start = (health, port) => {
  const answerHealth = toNodeListener(health);
  const server = createServer((request, response) => {
    // The third argument is called for what is not health's.
    answerHealth(request, response, () => {
      response.statusCode = request.url === '/' ? 200 : 404;
      response.end(request.url === '/' ? 'hello' : 'not found');
    });
  });
  return listening(server, port);
};
