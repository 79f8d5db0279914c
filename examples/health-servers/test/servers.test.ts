import { createHealth } from '@ops/health';
import { describe, expect, it } from 'vitest';
import { start as express } from '../express.ts';
import { start as fastify } from '../fastify.ts';
import { start as fetchAdapter } from '../fetch-adapter.ts';
import { start as hono } from '../hono.ts';
import { start as koa } from '../koa.ts';
import type { Start } from '../listening.ts';
import { start as nodeHttp } from '../node-http.ts';
import { start as next } from './next-routes.ts';

const SERVERS: readonly (readonly [string, Start])[] = Object.entries({
  'node:http': nodeHttp,
  express,
  fastify,
  koa,
  hono,
  next,
  'fetch adapter': fetchAdapter,
});

interface Seen {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}
interface Asked {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}
type Ask = (path: string, asked?: Asked) => Promise<Seen>;

/** Calls `work` with a server of its own, whose one check passes. */
async function serving(
  start: Start,
  work: (ask: Ask, drain: () => Promise<void>) => Promise<void>,
): Promise<void> {
  await using health = createHealth({ checks: { database: () => {} } });
  const { url, close } = await start(health, 0);
  const ask: Ask = async (path, { headers: extra, ...init } = {}) => {
    const response = await fetch(url + path, {
      ...init,
      headers: { connection: 'close', ...extra },
    });
    const { status, headers } = response;
    return { status, headers, text: await response.text() };
  };
  try {
    await work(ask, () => health.drain({ delay: 1 }));
  } finally {
    await close();
  }
}

describe.each(SERVERS)('%s', (name, start) => {
  it('answers probes and its own route', async () => {
    await serving(start, async (ask) => {
      expect(await ask('/livez')).toMatchObject({ status: 200, text: 'ok' });
      expect(await ask('/readyz?verbose')).toMatchObject({
        status: 200,
        text: '[+]database ok\nreadyz check passed\n',
      });
      expect(await ask('/readyz/database')).toMatchObject({ status: 200, text: 'ok' });
      const health = await ask('/health');
      expect(health.headers.get('content-type')).toMatch('application/health+json');
      expect(JSON.parse(health.text)).toMatchObject({ status: 'pass' });
      expect(await ask('/')).toMatchObject({ status: 200, text: 'hello' });
      expect(await ask('/nothing')).toMatchObject({ status: 404 });
    });
  });

  it('answers HEAD as GET, without the body', async () => {
    await serving(start, async (ask) => {
      const get = await ask('/readyz');
      const head = await ask('/readyz', { method: 'HEAD' });
      expect(head).toMatchObject({ status: 200, text: '' });
      for (const header of ['content-type', 'cache-control']) {
        expect([header, head.headers.get(header)]).toEqual([header, get.headers.get(header)]);
        expect(get.headers.has(header)).toBe(true);
      }
    });
  });

  it('answers 405 to other methods', async () => {
    await serving(start, async (ask) => {
      // Not JSON: a body parser that came first would answer 400.
      const headers = { 'content-type': 'application/json' };
      const refused = await ask('/livez', { method: 'POST', body: '{', headers });
      expect(refused.status).toBe(405);
      expect(refused.headers.get('allow')).toBe(name === 'next' ? null : 'GET, HEAD');
    });
  });

  it('withdraws readiness while draining, and goes on answering', async () => {
    await serving(start, async (ask, drain) => {
      await drain();
      expect(await ask('/readyz')).toMatchObject({ status: 503 });
      expect(await ask('/health')).toMatchObject({ status: 503 });
      expect(await ask('/livez')).toMatchObject({ status: 200, text: 'ok' });
      expect(await ask('/')).toMatchObject({ status: 200, text: 'hello' });
    });
  });
});
