import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { EventSink } from '../../src/ingest/index.ts';
import { uuid7 } from '../../src/uuid.ts';
import { manualClock, settled } from '../manual-clock.ts';
import { memorySink } from '../memory-sink.ts';
import { serve } from '../serve.ts';
import { harness, NOW, pingEvent, resultsOf } from './harness.ts';

const json = (value: unknown) => JSON.stringify(value);

/** Writes bytes to the server as they are, and returns what comes back until the end. */
async function raw(url: string, parts: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString();
  });
  socket.on('error', () => {});
  for (const part of parts) socket.write(part);
  socket.end();
  await once(socket, 'close');
  return received;
}

const head = (fields: Readonly<Record<string, string | number>>) =>
  `POST /api/telemetry HTTP/1.1\r\n${Object.entries({
    host: 'x',
    connection: 'close',
    authorization: 'Bearer write-key',
    'content-type': 'application/json',
    ...fields,
  })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;

/** Waits for what a client that is gone has left behind. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

describe('a connection', () => {
  it('that breaks off in the body leaves nothing', async () => {
    const { handler, sink, rejections } = harness();
    await using server = await serve(handler);
    const body = json({ events: [pingEvent()] });
    await raw(server.url, [head({ 'content-length': body.length }), body.slice(0, -1)]);
    await until(() => rejections.length > 0);
    expect(rejections).toMatchObject([{ reason: 'aborted', status: 400, sender: 'web' }]);
    expect(handler.stats()).toMatchObject({ received: 0, pending: 0, heldBytes: 0 });
    expect(sink.stored.size).toBe(0);
  });

  it('that breaks off before the answer has its events stored and counted once', async () => {
    const memory = memorySink();
    let commit = (): void => {};
    let isWriting = false;
    const sink: EventSink = {
      write: async (list) => {
        isWriting = true;
        await new Promise<void>((resolve) => (commit = resolve));
        return memory.write(list);
      },
    };
    const { handler, rejections } = harness({ sink });
    await using server = await serve(handler);
    const abort = new AbortController();
    const one = pingEvent();
    const answer = fetch(server.url, {
      method: 'POST',
      body: json({ events: [one] }),
      headers: { authorization: 'Bearer write-key', 'content-type': 'application/json' },
      signal: abort.signal,
    });
    await until(() => isWriting);
    abort.abort();
    await expect(answer).rejects.toThrow(/abort/);
    await settled();
    commit();
    await handler.close();
    expect([...memory.stored.keys()]).toEqual([one.id]);
    expect(handler.stats()).toMatchObject({ received: 1, stored: 1, pending: 0, retried: 0 });
    expect(rejections).toEqual([]);
  });

  it('that announces less than it sends stores nothing', async () => {
    const { handler, sink } = harness();
    await using server = await serve(handler);
    const body = json({ events: [pingEvent()] });
    const cut = await raw(server.url, [head({ 'content-length': body.length - 5 }), body]);
    expect(cut).toMatch(/^HTTP\/1\.1 400 /);
    expect(sink.stored.size).toBe(0);
  });

  it('that announces far too much is refused before it is read', async () => {
    const { handler } = harness();
    await using server = await serve(handler);
    const answer = await raw(server.url, [head({ 'content-length': 10_000_000_000 })]);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('that trickles gets 408, and holds nothing then', async () => {
    const clock = manualClock(NOW);
    const { handler, post } = harness({ clock });
    let feed = (_text: string): void => {};
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        feed = (text) => controller.enqueue(new TextEncoder().encode(text));
      },
    });
    const answer = post(body);
    for (let second = 0; second < 10; second += 1) {
      feed('{');
      await clock.advance(1_000);
    }
    expect((await answer).status).toBe(408);
    expect(handler.stats().heldBytes).toBe(0);
    expect(clock.delays).toEqual([]);
  });
});

describe('a body', () => {
  it('of 10,000 tiny events is stored', async () => {
    const { send, sink, handler } = harness({
      limits: { events: 10_000, bodyBytes: 10_000_000, decompressedBytes: 10_000_000 },
    });
    const events = Array.from({ length: 10_000 }, () => ({
      id: uuid7(NOW),
      name: 'any',
      timestamp: 'x',
    }));
    const results = await resultsOf(await send(events));
    expect(Object.keys(results)).toHaveLength(10_000);
    expect(sink.stored.size).toBe(10_000);
    expect(handler.stats()).toMatchObject({ stored: 10_000, pending: 0, heldBytes: 0 });
  });

  it('at a path of 15,000 slashes costs no more than at another', async () => {
    const { post } = harness();
    const headers = { authorization: null, 'content-type': 'text/plain' };
    const path = `/${'/'.repeat(15_000)}x`;
    // A path whose cost grows with the square of its length takes 0.3 s each, beyond the test's time.
    for (let n = 0; n < 100; n += 1) {
      expect((await post('{"events":[]}', headers, path)).status).toBe(401);
    }
    const single = { type: 'track', event: 'any', messageId: 'm', writeKey: 'write-key' };
    expect((await post(json(single), headers, '/v1/track///')).status).toBe(200);
  });

  it('of 1,000 copies of one event is one', async () => {
    const { send, sink, handler } = harness();
    const one = pingEvent();
    expect(await resultsOf(await send(Array.from({ length: 1_000 }, () => one)))).toEqual({
      [one.id]: { result: 'ok' },
    });
    expect(sink.stored.size).toBe(1);
    expect(handler.stats()).toMatchObject({ stored: 1, duplicates: 999 });
  });

  it.each([
    ['a gzip in a gzip', gzipSync(gzipSync(json({ events: [] })))],
    ['a gzip with rubbish after it', Buffer.concat([gzipSync('{"events":'), Buffer.from('x]}')])],
    ['an empty gzip', gzipSync('')],
    ['nothing', new Uint8Array()],
  ])('that is %s gets 400', async (_name, body) => {
    const { post, handler } = harness();
    const response = await post(body, { 'content-encoding': 'gzip' });
    expect(response.status).toBe(400);
    expect(handler.stats().heldBytes).toBe(0);
  });

  it.each([
    [23, 200],
    [27, 400],
  ])('of zstd that asks for a window of 2^%i bytes gets %i', async (windowLog, status) => {
    const content = Buffer.from(json({ events: [pingEvent()] }));
    const frame = Buffer.concat([
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (windowLog - 10) << 3]),
      // One raw block, the last: 21 bits of length, 2 of type, 1 for the last.
      Buffer.from([((content.length << 3) | 1) & 0xff, content.length >> 5, content.length >> 13]),
      content,
    ]);
    const { post } = harness();
    expect((await post(frame, { 'content-encoding': 'zstd' })).status).toBe(status);
  });

  it.each([
    ['a byte that is no UTF-8', [0x22, 0xff, 0x22]],
    ['half a character', [0x22, 0xe2, 0x82, 0x22]],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ])('with %s gets 400', async (_name, bytes) => {
    const { post } = harness();
    expect((await post(new Uint8Array(bytes))).status).toBe(400);
  });
});

describe('an event', () => {
  const stored = async (text: string) => {
    const { post, sink } = harness({ unknownEvents: 'accept' });
    const id = uuid7(NOW);
    const response = await post(
      `{"events":[{"id":"${id}","timestamp":"2026-03-01T11:59:59Z",${text}}]}`,
    );
    return { response, event: sink.stored.get(id) };
  };

  it.each([
    '"name":"any","props":{"__proto__":{"polluted":1}}',
    '"name":"any","context":{"__proto__":{"polluted":1}}',
    '"name":"any","__proto__":{"polluted":1}',
    '"name":"any","props":{"constructor":{"prototype":{"polluted":1}}}',
    '"name":"__proto__","props":{"polluted":1}',
    '"name":"constructor","props":{"polluted":1}',
  ])('of %s reaches no prototype', async (text) => {
    const { response, event } = await stored(text);
    expect(response.status).toBe(200);
    expect(event).toBeDefined();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(event?.context['polluted']).toBeUndefined();
  });

  it.each([
    ['an endless number', '"name":"ping","props":{"n":1e999}', 'drop'],
    ['a number of 400 digits', `"name":"ping","props":{"n":${'9'.repeat(400)}}`, 'drop'],
    ['a rate of 0', '"name":"any","sampleRate":0', 'warning'],
    ['a rate above 1', '"name":"any","sampleRate":1.5', 'warning'],
    ['a rate that is text', '"name":"any","sampleRate":"0.5"', 'warning'],
    ['a name of 201 characters', `"name":"${'x'.repeat(201)}"`, 'drop'],
    ['an empty name', '"name":""', 'drop'],
    ['a NUL in its name', '"name":"a\\u0000b"', 'ok'],
  ])('with %s', async (_name, text, result) => {
    const { response, event } = await stored(text);
    expect(Object.values(await resultsOf(response))).toMatchObject([{ result }]);
    expect(event !== undefined).toBe(result !== 'drop');
    expect(event?.sampleRate ?? 1).toBe(1);
  });

  it('stands for others where it says so', async () => {
    const { event } = await stored('"name":"any","sampleRate":0.25');
    expect(event?.sampleRate).toBe(0.25);
  });

  it('100,000 levels deep is dropped alone, in each dialect', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const good = {
      messageId: 'm1',
      type: 'track',
      event: 'ping',
      timestamp: '2026-03-01T11:00:00Z',
    };
    const { post, sink } = harness();
    const body = json({ batch: [good, { ...good, properties: 'DEEP' }] }).replace('"DEEP"', deep);
    expect((await post(body, {}, '/v1/batch')).status).toBe(200);
    expect(sink.stored.size).toBe(1);
  });

  it('cannot use the id of another to be taken for its result', async () => {
    const { send } = harness();
    const one = pingEvent();
    const results = await resultsOf(
      await send([pingEvent({ id: '__proto__' }), one, { id: '#0' }]),
    );
    expect(results[one.id]).toEqual({ result: 'ok' });
    expect(Object.hasOwn(results, '__proto__')).toBe(true);
    expect(({} as Record<string, unknown>)['result']).toBeUndefined();
  });
});

describe('a method', () => {
  it.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])(
    '%s gets 405',
    async (method) => {
      const { handler } = harness();
      const response = await handler(new Request('http://x/api/telemetry', { method }));
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    },
  );
});

it('of many senders at once each gets its own answer', async () => {
  const poison = new Set<string>();
  const sink: EventSink = {
    write: async (list) => {
      await settled();
      if (list.some(({ id }) => poison.has(id))) throw new Error('the whole write is refused');
      return list.map(() => ({ result: 'ok' }));
    },
  };
  const { send, handler } = harness({ sink });
  const requests = Array.from({ length: 100 }, (_, n) => {
    const event = pingEvent({ props: { n } });
    if (n === 41) poison.add(event.id);
    return event;
  });
  const answers = await Promise.all(requests.map(async (event) => (await send([event])).status));
  expect(answers).toEqual(requests.map((_, n) => (n === 41 ? 503 : 200)));
  expect(handler.stats()).toMatchObject({ received: 100, stored: 99, retried: 1, pending: 0 });
});

it('keeps nothing of requests that have been answered', async () => {
  const { send, post, handler } = harness();
  await send([pingEvent()]);
  await post('{');
  await post('x'.repeat(2_000_000));
  expect(handler.stats()).toMatchObject({ heldBytes: 0, pending: 0 });
});
