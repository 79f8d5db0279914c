import { gzipSync } from 'node:zlib';
import { defineEvents } from '@ops/telemetry';
import { createIngestHandler, type EventSink, keys } from '@ops/telemetry/ingest';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { start as express } from '../express.ts';
import { start as fastify } from '../fastify.ts';
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
});

const PAGE = 'https://app.example.com';
const events = defineEvents({ ping: z.object({ n: z.number() }) });
const id = (n: number) => `018f0000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const batch = (n: number, fields: Record<string, unknown> = {}) =>
  JSON.stringify({
    sentAt: new Date().toISOString(),
    events: [{ id: id(n), name: 'ping', timestamp: new Date().toISOString(), props: { n } }],
    ...fields,
  });

interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}
type Ask = (path: string, init?: RequestInit) => Promise<Seen>;

/** Calls `work` with a server of its own and the numbers that it has stored. */
async function serving(
  start: Start,
  work: (ask: Ask, stored: readonly unknown[]) => Promise<void>,
): Promise<void> {
  const stored: unknown[] = [];
  const sink: EventSink = {
    write: async (list) =>
      list.map(({ props }) => {
        stored.push((props as { n: number }).n);
        return { result: 'ok' };
      }),
  };
  const auth = keys({ web: 'write-key' });
  const limits = { bodyBytes: 10_000 };
  await using handler = createIngestHandler({
    events,
    sink,
    auth,
    limits,
    cors: { origins: [PAGE] },
  });
  const { url, close } = await start(handler, 0);
  const ask: Ask = async (path, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set('connection', 'close');
    const response = await fetch(url + path, { ...init, headers });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  try {
    await work(ask, stored);
  } finally {
    await close();
  }
}

const post = (
  body: NonNullable<RequestInit['body']>,
  headers: Record<string, string> = {},
): RequestInit => ({
  method: 'POST',
  body,
  headers: { authorization: 'Bearer write-key', 'content-type': 'application/json', ...headers },
});

describe.each(SERVERS)('%s', (_name, start) => {
  it('takes a batch, plain and compressed', async () => {
    await serving(start, async (ask, stored) => {
      const plain = await ask('/api/telemetry', post(batch(1)));
      expect(plain.status).toBe(200);
      expect(JSON.parse(plain.text)).toEqual({ results: { [id(1)]: { result: 'ok' } } });
      const packed = post(gzipSync(batch(2)), { 'content-encoding': 'gzip' });
      expect((await ask('/api/telemetry?x=1', packed)).status).toBe(200);
      expect(stored).toEqual([1, 2]);
    });
  });

  it('takes a beacon of a page on another origin', async () => {
    await serving(start, async (ask, stored) => {
      const beacon = await ask('/api/telemetry', {
        method: 'POST',
        body: batch(3, { key: 'write-key' }),
        headers: { 'content-type': 'text/plain;charset=UTF-8', origin: PAGE, cookie: 'session=1' },
      });
      expect(beacon.status).toBe(200);
      expect(beacon.headers.get('access-control-allow-origin')).toBe(PAGE);
      expect(beacon.headers.get('access-control-allow-credentials')).toBe('true');
      expect(stored).toEqual([3]);
    });
  });

  it('answers a preflight', async () => {
    await serving(start, async (ask) => {
      const headers = { origin: PAGE, 'access-control-request-method': 'POST' };
      const preflight = await ask('/api/telemetry', { method: 'OPTIONS', headers });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
    });
  });

  it("takes a batch of Segment's client below the same path", async () => {
    await serving(start, async (ask, stored) => {
      const body = JSON.stringify({
        batch: [{ type: 'track', event: 'ping', messageId: 'm1', properties: { n: 4 } }],
      });
      const authorization = `Basic ${Buffer.from('write-key:').toString('base64')}`;
      const answer = await ask('/api/telemetry/v1/batch', post(body, { authorization }));
      expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { success: true }]);
      expect(stored).toEqual([4]);
    });
  });

  it('refuses what the handler refuses', async () => {
    await serving(start, async (ask, stored) => {
      const wrongKey = post(batch(5), { authorization: 'Bearer wrong' });
      expect((await ask('/api/telemetry', wrongKey)).status).toBe(401);
      expect((await ask('/api/telemetry', post('{'))).status).toBe(400);
      expect((await ask('/api/telemetry', post('x'.repeat(10_001)))).status).toBe(413);
      expect((await ask('/api/telemetry')).status).toBe(405);
      expect(stored).toEqual([]);
    });
  });

  it('has routes of its own besides', async () => {
    await serving(start, async (ask) => {
      expect(await ask('/')).toMatchObject({ status: 200, text: 'hello' });
      expect((await ask('/api/telemetries')).status).toBe(404);
    });
  });
});
