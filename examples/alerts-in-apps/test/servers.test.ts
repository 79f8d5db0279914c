import { describe, expect, it } from 'vitest';
import { start as express } from '../express.ts';
import { start as fastify } from '../fastify.ts';
import { start as hono } from '../hono.ts';
import type { Start } from '../listening.ts';
import { start as nodeHttp } from '../node-http.ts';

const SERVERS: readonly (readonly [string, Start])[] = Object.entries({
  express,
  fastify,
  hono,
  'node:http': nodeHttp,
});

describe.each(SERVERS)('%s', (_, start) => {
  it("reports what is the service's fault, by the route's pattern", async () => {
    const reported: unknown[] = [];
    const error = (thrown: unknown, labels?: object): void => {
      reported.push([(thrown as Error).message, labels]);
    };
    const { url, close } = await start({ error }, 0);
    const statuses: number[] = [];
    try {
      for (const path of ['/orders/1', '/orders/2', '/orders/77', '/nothing']) {
        const response = await fetch(url + path, { headers: { connection: 'close' } });
        statuses.push(response.status);
        expect(await response.text()).not.toContain('ECONNREFUSED 10.0.0.1:5432 at');
      }
    } finally {
      await close();
    }
    expect(statuses).toEqual([200, 404, 500, 404]);
    expect(reported).toEqual([
      ['Order 77: connect ECONNREFUSED 10.0.0.1:5432', { route: '/orders/:id' }],
    ]);
  });
});
