import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineEvents, InvalidOptionsError, type WireResults } from '../../src/index.ts';
import {
  createIngestHandler,
  type EventSink,
  type IngestOptions,
  keys,
  type Rejection,
} from '../../src/ingest/index.ts';
import { uuid7 } from '../../src/uuid.ts';
import { memorySink } from '../memory-sink.ts';

const events = defineEvents({
  ping: z.object({ n: z.number().default(7) }),
  text: z.string(),
  async: {
    '~standard': { version: 1, vendor: 'test', validate: async (value: unknown) => ({ value }) },
  },
  broken: {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: () => {
        throw new Error('db password');
      },
    },
  },
});
const now = Date.parse('2026-03-01T12:00:00Z');

function server(options: Partial<IngestOptions> = {}) {
  const sink = memorySink();
  const rejections: Rejection[] = [];
  const handle = createIngestHandler({
    events,
    sink,
    auth: keys(['write-key']),
    onReject: (rejection) => void rejections.push(rejection),
    clock: { now: () => now },
    ...options,
  });
  const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    handle(
      new Request('http://x/api/telemetry', {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          authorization: 'Bearer write-key',
          ...headers,
        },
      }),
    );
  const send = (list: unknown[], sentAt: unknown = new Date(now).toISOString()) =>
    post(JSON.stringify({ sentAt, events: list }));
  return { sink, rejections, handle, post, send };
}

const event = (fields: Record<string, unknown> = {}) => ({
  id: uuid7(now),
  name: 'ping',
  timestamp: '2026-03-01T11:59:59.000Z',
  props: { n: 1 },
  context: { userId: 'u' },
  ...fields,
});
const resultsOf = async (response: Response) => ((await response.json()) as WireResults).results;

describe('a good request', () => {
  it('gets a result for each id, after the commit', async () => {
    let commit = (): void => {};
    const memory = memorySink();
    const sink: EventSink = {
      write: async (list) => {
        await new Promise<void>((resolve) => (commit = resolve));
        return memory.write(list);
      },
    };
    const one = event();
    const two = event({ name: 'text', props: 'x' });
    let isAnswered = false;
    const answer = server({ sink })
      .send([one, two])
      .finally(() => (isAnswered = true));
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isAnswered).toBe(false);
    commit();
    const response = await answer;
    expect(response.status).toBe(200);
    expect(response.headers.get('retry-after')).toBeNull();
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await resultsOf(response)).toEqual({
      [one.id]: { result: 'ok' },
      [two.id]: { result: 'ok' },
    });
    expect(memory.stored.get(one.id)).toEqual({
      id: one.id,
      name: 'ping',
      props: { n: 1 },
      context: { userId: 'u' },
      timestamp: new Date('2026-03-01T11:59:59Z'),
      clientTimestamp: new Date('2026-03-01T11:59:59Z'),
      receivedAt: new Date(now),
      source: expect.stringMatching(/^key:[\da-f]{8}$/),
      sampleRate: 1,
    });
  });

  it('may be gzip, empty, or have no sentAt', async () => {
    const { sink, post, send } = server();
    const one = event();
    const body = gzipSync(JSON.stringify({ events: [one] }));
    const response = await post(body, {
      'content-encoding': 'gzip',
      'content-type': 'Application/JSON; charset=utf-8',
    });
    expect(await resultsOf(response)).toEqual({ [one.id]: { result: 'ok' } });
    expect(await resultsOf(await send([]))).toEqual({});
    expect(sink.writes).toEqual([1]);
  });

  it('stores what the schema made of the properties', async () => {
    const { sink, send } = server();
    const one = event({ props: { extra: 1 } });
    const two = event({ name: 'async', props: undefined, context: undefined });
    await send([one, two]);
    expect(sink.stored.get(one.id)?.props).toEqual({ n: 7 });
    expect(sink.stored.get(two.id)).toMatchObject({ props: {}, context: {} });
  });

  it('corrects the clock of the client', async () => {
    const { sink, send } = server();
    const one = event({ timestamp: '2026-03-01T10:00:00Z' });
    await send([one], '2026-03-01T11:00:00Z');
    expect(sink.stored.get(one.id)?.timestamp).toEqual(new Date('2026-03-01T11:00:00Z'));
  });

  it('may repeat an event, in one request or in two', async () => {
    const { sink, send } = server();
    const one = event();
    const shouted = { ...one, id: one.id.toUpperCase() };
    const expected = { [one.id]: { result: 'ok' }, [shouted.id]: { result: 'ok' } };
    expect(await resultsOf(await send([one, one, shouted]))).toEqual(expected);
    expect(await resultsOf(await send([one, shouted]))).toEqual(expected);
    expect(sink.stored.size).toBe(1);
    expect(sink.writes).toEqual([1, 1]);
  });

  it('may have events that are refused, each alone', async () => {
    const { sink, rejections, send } = server({ limits: { eventBytes: 1_000 } });
    const good = event();
    const clamped = event({ timestamp: '2001-01-01T00:00:00Z' });
    const bad = {
      unknown: event({ name: 'pong' }),
      inherited: event({ name: 'constructor' }),
      invalid: event({ props: { n: 'x' } }),
      broken: event({ name: 'broken' }),
      large: event({ name: 'text', props: 'x'.repeat(2_000) }),
      context: event({ context: [] }),
      name: event({ name: 5 }),
      id: event({ id: 'not-a-uuid' }),
    };
    const response = await send([
      good,
      bad.unknown,
      bad.inherited,
      bad.invalid,
      bad.broken,
      bad.large,
      bad.context,
      bad.name,
      bad.id,
      event({ id: 'x'.repeat(65) }),
      event({ id: 7 }),
      null,
      'text',
      clamped,
    ]);
    expect(response.status).toBe(200);
    const results = await resultsOf(response);
    expect(results).toEqual({
      [good.id]: { result: 'ok' },
      [clamped.id]: { result: 'warning', details: expect.stringContaining('past') },
      [bad.unknown.id]: { result: 'drop', details: 'there is no event of this name' },
      [bad.inherited.id]: { result: 'drop', details: 'there is no event of this name' },
      [bad.invalid.id]: { result: 'drop', details: expect.stringMatching(/^n: /) },
      [bad.broken.id]: { result: 'drop', details: 'the check of this event failed' },
      [bad.large.id]: { result: 'drop', details: 'larger than 1000 bytes' },
      [bad.context.id]: { result: 'drop', details: 'context: expected an object' },
      [bad.name.id]: { result: 'drop', details: 'name: expected a string' },
      'not-a-uuid': { result: 'drop', details: 'id: expected a UUID' },
      '#9': { result: 'drop', details: 'id: expected a UUID' },
      '#10': { result: 'drop', details: 'id: expected a UUID' },
      '#11': { result: 'drop', details: 'not an object' },
      '#12': { result: 'drop', details: 'not an object' },
    });
    expect([...sink.stored.keys()]).toEqual([good.id, clamped.id]);
    expect(rejections.map((rejection) => rejection.reason)).toEqual([
      'unknown_event',
      'unknown_event',
      'invalid',
      'invalid',
      'too_large',
      'malformed',
      'malformed',
      'bad_id',
      'bad_id',
      'bad_id',
      'malformed',
      'malformed',
    ]);
    expect(rejections[0]).toEqual({
      type: 'event',
      sender: expect.stringMatching(/^key:/),
      id: bad.unknown.id,
      name: 'pong',
      reason: 'unknown_event',
      details: 'there is no event of this name',
    });
    expect(rejections[3]).toMatchObject({ cause: new Error('db password') });
  });

  it('may be as deep as it is long', async () => {
    const { send } = server();
    const one = event({ name: 'async' });
    const body = JSON.stringify({ events: [one, event()] }).replace(
      '{"n":1}',
      '['.repeat(100_000) + ']'.repeat(100_000),
    );
    const response = await server().post(body);
    expect((await resultsOf(response))[one.id]?.result).toBe('drop');
    expect((await send([event()])).status).toBe(200);
  });
});

describe('a request is refused', () => {
  const body = JSON.stringify({ events: [event()] });

  it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])(
    '%s: 405 with what is allowed',
    async (method) => {
      const response = await server().handle(new Request('http://x/', { method }));
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe('POST');
    },
  );

  it('without a key: 401, before anything else is looked at', async () => {
    const { rejections, post, sink } = server();
    const response = await post('x'.repeat(100), {
      authorization: 'Bearer guess',
      'content-type': 'text/plain',
    });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(rejections).toMatchObject([{ type: 'request', status: 401, reason: 'unauthorized' }]);
    expect(sink.writes).toEqual([]);
  });

  it.each([
    ['no type', { 'content-type': '' }, body, 415],
    ['compress', { 'content-encoding': 'compress' }, body, 415],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, body, 415],
    ['gzip twice', { 'content-encoding': 'gzip, gzip' }, body, 415],
    ['no gzip', { 'content-encoding': 'gzip' }, body, 400],
    ['half a gzip', { 'content-encoding': 'gzip' }, gzipSync(body).subarray(0, 40), 400],
    ['no JSON', {}, '{"events": [', 400],
    ['nothing', {}, '', 400],
    ['no object', {}, '[]', 400],
    ['null', {}, 'null', 400],
    ['no events', {}, '{"sentAt":"x"}', 400],
    ['events that are no list', {}, '{"events":{"length":1}}', 400],
    ['no UTF-8', {}, new Uint8Array([0x7b, 0xff, 0x7d]), 400],
  ])('%s: %s', async (_name, headers, content, status) => {
    const { post, rejections, sink } = server();
    const response = await post(content, headers);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code: expect.any(String) } });
    expect(rejections).toMatchObject([{ type: 'request', status }]);
    expect(sink.writes).toEqual([]);
  });

  it.each([
    ['body', { bodyBytes: 1_000 }, 'x'.repeat(1_001), false],
    ['decompressed body', { decompressedBytes: 1_000 }, 'x'.repeat(1_001), false],
    ['decompressed gzip', { decompressedBytes: 1_000 }, 'x'.repeat(1_001), true],
    ['bomb', {}, Buffer.alloc(100_000_000), true],
    ['list', { events: 2 }, JSON.stringify({ events: [1, 2, 3] }), false],
  ])('too large a %s: 413', async (_name, limits, content, isGzip) => {
    const { post } = server({ limits });
    const response = isGzip
      ? await post(gzipSync(content), { 'content-encoding': 'gzip' })
      : await post(content);
    expect(response.status).toBe(413);
  });

  it('without end: reading stops', async () => {
    let pulls = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulls += 1;
        controller.enqueue(new Uint8Array(10_000));
      },
    });
    const { handle } = server({ limits: { bodyBytes: 100_000 } });
    const response = await handle(
      new Request('http://x/', {
        method: 'POST',
        body: endless,
        duplex: 'half',
        headers: { authorization: 'Bearer write-key', 'content-type': 'application/json' },
      }),
    );
    expect(response.status).toBe(413);
    expect(pulls).toBeLessThan(60);
  });

  it('too slow: 408', async () => {
    const { handle } = server({ limits: { bodyTimeout: 5 } });
    const response = await handle(
      new Request('http://x/', {
        method: 'POST',
        body: new ReadableStream({}),
        duplex: 'half',
        headers: { authorization: 'Bearer write-key', 'content-type': 'application/json' },
      }),
    );
    expect(response.status).toBe(408);
  });
});

describe('a sink that fails', () => {
  it.each([
    ['rejects', () => Promise.reject(new Error('password authentication failed for 10.0.0.5'))],
    [
      'throws',
      () => {
        throw new Error('password authentication failed for 10.0.0.5');
      },
    ],
    ['forgets outcomes', () => Promise.resolve([])],
    ['resolves with nothing', () => Promise.resolve(undefined as never)],
  ])('%s: 503 with retry for all, and no word of why', async (_name, write) => {
    const { send, rejections } = server({ sink: { write } });
    const one = event();
    const bad = event({ name: 'pong' });
    const response = await send([one, bad]);
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    const text = await response.text();
    expect(JSON.parse(text)).toEqual({
      results: { [one.id]: { result: 'retry' }, [bad.id]: { result: 'retry' } },
    });
    expect(rejections).toMatchObject([
      { type: 'request', status: 503, reason: 'sink_failed', cause: expect.any(Error) },
    ]);
  });

  it('for some events: 200, each with its own result', async () => {
    const [one, two, three] = [event(), event(), event()];
    const cause = new Error('constraint secret_fkey');
    const broken = new Error('connection lost');
    const sink = memorySink(({ id }) => {
      if (id === two.id) return { result: 'drop', details: 'refused', cause };
      return id === three.id ? { result: 'retry', cause: broken } : { result: 'ok' };
    });
    const { send, rejections } = server({ sink });
    const response = await send([one, two, three]);
    expect(response.status).toBe(200);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await resultsOf(response)).toEqual({
      [one.id]: { result: 'ok' },
      [two.id]: { result: 'drop', details: 'refused' },
      [three.id]: { result: 'retry' },
    });
    expect(rejections).toMatchObject([
      { type: 'event', reason: 'refused_by_sink', id: two.id, cause },
      {
        type: 'request',
        status: 200,
        reason: 'sink_failed',
        details: '1 of 3 events cannot be stored now',
        cause: broken,
      },
    ]);
  });

  it('hangs: so many requests wait, the rest are turned away', async () => {
    const commits: (() => void)[] = [];
    const sink: EventSink = {
      write: (list) =>
        new Promise((resolve) => commits.push(() => resolve(list.map(() => ({ result: 'ok' }))))),
    };
    const { send } = server({
      sink,
      limits: { concurrentWrites: 2, waitingEvents: 1, groupWait: 0 },
    });
    const answers = [send([event()]), send([event()]), send([event()])];
    while (commits.length < 2) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    const refused = await send([event()]);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(commits).toHaveLength(2);
    while (commits.length < 3) {
      for (const commit of commits) commit();
      await new Promise((resolve) => setImmediate(resolve));
    }
    commits[2]?.();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });
});

describe('the handler never rejects', () => {
  it('when auth throws: 503', async () => {
    const auth = () => Promise.reject(new Error('redis://:secret@host'));
    const { send, rejections } = server({ auth });
    const response = await send([event()]);
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain('secret');
    expect(rejections).toMatchObject([{ reason: 'auth_failed', cause: expect.any(Error) }]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => void Promise.reject(new Error('no')).catch(() => {})],
  ])('when onReject %s', async (_name, onReject) => {
    const { send } = server({ onReject });
    expect((await send([event({ name: 'pong' })])).status).toBe(200);
  });
});

it.each([
  ['no options', undefined, /options: expected/],
  ['no sink', { events, auth: keys(['k']) }, /sink: expected an object with write\(\)/],
  ['no auth', { events, sink: memorySink() }, /auth: expected a function, got undefined/],
  [
    'events that are no schemas',
    { events: { a: 1 }, sink: memorySink(), auth: keys(['k']) },
    /events: expected the result of defineEvents/,
  ],
  [
    'a misspelt limit',
    { events, sink: memorySink(), auth: keys(['k']), limits: { bodySize: 1 } },
    /limits\.bodySize: there is no such option/,
  ],
  [
    'a limit of 0',
    { events, sink: memorySink(), auth: keys(['k']), limits: { events: 0 } },
    /limits\.events: .* got 0/,
  ],
])('createIngestHandler refuses %s', (_name, options, message) => {
  const create = () => createIngestHandler(options as IngestOptions);
  expect(create).toThrow(InvalidOptionsError);
  expect(create).toThrow(message);
});
