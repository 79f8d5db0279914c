import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { keys } from '../../src/ingest/index.ts';
import { harness, pingEvent } from './harness.ts';

const batch = (fields: Record<string, unknown> = {}) =>
  JSON.stringify({ events: [pingEvent()], ...fields });
const basic = (user: string) => `Basic ${Buffer.from(user).toString('base64')}`;

describe('the key', () => {
  it.each([
    ['Bearer', { authorization: 'Bearer write-key' }],
    ['bearer', { authorization: 'bearer  write-key' }],
    ['the user of Basic', { authorization: basic('write-key:') }],
    ['the user of Basic with a password', { authorization: basic('write-key:secret') }],
  ])('may come as %s', async (_name, headers) => {
    const { post, sink } = harness();
    expect((await post(batch(), headers)).status).toBe(200);
    expect([...sink.stored.values()]).toMatchObject([{ source: 'web' }]);
  });

  it('may come in the body of a beacon', async () => {
    const { post, sink } = harness();
    const headers = { authorization: null, 'content-type': 'text/plain;charset=UTF-8' };
    expect((await post(batch({ key: 'write-key' }), headers)).status).toBe(200);
    expect(sink.stored.size).toBe(1);
    expect((await post(batch({ key: 'wrong' }), headers)).status).toBe(401);
    expect((await post(batch({ key: ['write-key'] }), headers)).status).toBe(401);
    expect((await post(batch(), headers)).status).toBe(401);
    expect(sink.stored.size).toBe(1);
  });

  it.each([
    ['a wrong one', 'Bearer wrong'],
    ['another scheme', 'Digest write-key'],
    ['no token', 'Bearer'],
    ['two tokens', 'Bearer write-key write-key'],
    ['Basic that is no base64', 'Basic %%%'],
    ['Basic without a user', basic(':write-key')],
  ])('in the header decides, and %s is refused before the body is read', async (_name, header) => {
    const { post } = harness();
    let isRead = false;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          isRead = true;
          controller.enqueue(new TextEncoder().encode(batch({ key: 'write-key' })));
          controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const response = await post(body, { authorization: header });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(isRead).toBe(false);
  });

  it('is not needed where auth knows the sender without', async () => {
    const seen: (string | undefined)[] = [];
    const auth = ({ request, key }: { request: Request; key: string | undefined }) => {
      seen.push(key);
      return request.headers.get('cookie') === 'session=1' ? 'session' : null;
    };
    const { post, sink } = harness({ auth });
    expect((await post(batch(), { authorization: null, cookie: 'session=1' })).status).toBe(200);
    expect([...sink.stored.values()]).toMatchObject([{ source: 'session' }]);
    expect(seen).toEqual([undefined]);
    expect((await post(batch({ key: 'k' }), { authorization: null })).status).toBe(401);
    expect(seen).toEqual([undefined, undefined, 'k']);
  });

  it('may be bound to origins', async () => {
    const { post } = harness({
      auth: keys({ web: { key: 'write-key', origins: ['https://app.test'] } }),
    });
    expect((await post(batch(), { origin: 'https://app.test' })).status).toBe(200);
    expect((await post(batch(), { origin: 'https://evil.test' })).status).toBe(401);
    expect((await post(batch())).status).toBe(401);
  });
});

it.each([
  ['without anything', null, {}],
  ['with a body that cannot hold one', 'x', { 'content-type': 'image/png' }],
  ['with a type and no body', null, { 'content-type': 'application/json' }],
])('a request without a key, %s, is refused for that', async (_name, body, headers) => {
  const { post } = harness();
  const response = await post(body, { authorization: null, 'content-type': null, ...headers });
  expect(response.status).toBe(401);
});

describe('a body', () => {
  it.each(['gzip', 'x-gzip', 'deflate', 'br', 'zstd', 'identity', 'GZIP'])(
    'may come as %s',
    async (encoding) => {
      const zlib = await import('node:zlib');
      const compress: Record<string, (text: string) => Uint8Array<ArrayBuffer>> = {
        gzip: zlib.gzipSync,
        'x-gzip': zlib.gzipSync,
        GZIP: zlib.gzipSync,
        deflate: zlib.deflateSync,
        br: zlib.brotliCompressSync,
        zstd: zlib.zstdCompressSync,
        identity: (text) => new TextEncoder().encode(text),
      };
      const { post, sink } = harness();
      const content = compress[encoding]?.(batch()) ?? null;
      expect((await post(content, { 'content-encoding': encoding })).status).toBe(200);
      expect(sink.stored.size).toBe(1);
    },
  );

  it.each(['gzip', 'deflate', 'br', 'zstd'])(
    'that says %s and is not gets 400',
    async (encoding) => {
      const { post, handler } = harness();
      const response = await post(batch(), { 'content-encoding': encoding });
      expect(response.status).toBe(400);
      expect(handler.stats().heldBytes).toBe(0);
    },
  );

  it('is refused while other bodies hold the budget', async () => {
    const { post, handler, rejections } = harness({ limits: { pendingBytes: 10_000 } });
    const slow = () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new Uint8Array(9_900));
          setImmediate(() => setImmediate(() => controller.close()));
        },
      });
    const first = post(slow());
    while (handler.stats().heldBytes === 0) await new Promise((resolve) => setImmediate(resolve));
    const refused = await post(batch());
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await first).status).toBe(400);
    expect(handler.stats().heldBytes).toBe(0);
    expect((await post(batch())).status).toBe(200);
    expect(rejections.map(({ reason }) => reason)).toEqual(['overloaded', 'malformed']);
  });

  it('may take half of the budget while its sender is not known', async () => {
    const { post } = harness({ limits: { pendingBytes: 2_000 } });
    const headers = { authorization: null, 'content-type': 'text/plain' };
    const large = (key: string) => batch({ key, filler: 'x'.repeat(900) });
    expect((await post(large('write-key'), headers)).status).toBe(503);
    expect((await post(large('write-key'))).status).toBe(200);
  });

  it('counts what comes out of it', async () => {
    const { post, handler } = harness({ limits: { pendingBytes: 50_000 } });
    const bomb = gzipSync(Buffer.alloc(1_000_000, ' '));
    expect(bomb.byteLength).toBeLessThan(2_000);
    const response = await post(bomb, { 'content-encoding': 'gzip' });
    expect(response.status).toBe(503);
    expect(handler.stats().heldBytes).toBe(0);
  });

  it('that was read before says so in the log', async () => {
    const { handler, rejections } = harness();
    const request = new Request('http://x/', {
      method: 'POST',
      body: batch(),
      headers: { authorization: 'Bearer write-key', 'content-type': 'application/json' },
    });
    await request.text();
    expect((await handler(request)).status).toBe(500);
    expect(rejections).toMatchObject([
      { reason: 'internal', details: expect.stringContaining('was read before') },
    ]);
  });
});

describe('the rate limit', () => {
  it('answers 429 with the time to wait, and takes nothing', async () => {
    const { send, post, sink, handler, rejections } = harness({
      rateLimit: { eventsPerSecond: 1, burst: 3 },
    });
    expect((await send([pingEvent(), pingEvent()])).status).toBe(200);
    const refused = await send([pingEvent(), pingEvent(), pingEvent()]);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('2');
    expect((await send([pingEvent()])).status).toBe(200);
    let isRead = false;
    const body = new ReadableStream({ pull: () => void (isRead = true) }, { highWaterMark: 0 });
    expect((await post(body)).status).toBe(429);
    expect(isRead).toBe(false);
    expect(sink.stored.size).toBe(3);
    expect(rejections.map(({ reason }) => reason)).toEqual(['rate_limited', 'rate_limited']);
    expect(handler.stats()).toMatchObject({ received: 3, refused: { rate_limited: 2 } });
  });

  it('is for each sender', async () => {
    const { post } = harness({
      auth: keys({ a: 'write-key', b: 'other-key' }),
      rateLimit: { eventsPerSecond: 0.001, burst: 1 },
    });
    expect((await post(batch())).status).toBe(200);
    expect((await post(batch())).status).toBe(429);
    const other = await post(batch(), { authorization: 'Bearer other-key' });
    expect(other.status).toBe(200);
  });
});
