import { createServer } from 'node:http';
import { toNodeListener } from '@ops/health/node';
import Koa from 'koa';
import { listening, type Start } from './listening.ts';

export const start: Start = (health, port) => {
  const app = new Koa();
  const answerHealth = toNodeListener(health);
  // Waits until the answer is out: Koa leaves a response alone that has ended, and answers others.
  app.use(
    ({ req, res }, next) =>
      new Promise<void>((resolve, reject) => {
        res.once('close', resolve);
        answerHealth(req, res, () => void next().then(resolve, reject));
      }),
  );
  app.use((context) => {
    if (context.path === '/') context.body = 'hello';
  });
  const listener = app.callback();
  return listening(
    createServer((request, response) => void listener(request, response)),
    port,
  );
};
