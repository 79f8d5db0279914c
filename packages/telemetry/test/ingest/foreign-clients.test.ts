import { Analytics } from '@segment/analytics-node';
import { PostHog } from 'posthog-node';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { defineEvents } from '../../src/index.ts';
import {
  createIngestHandler,
  type EventSink,
  type IngestHandler,
  type IngestOptions,
  keys,
  type Rejection,
} from '../../src/ingest/index.ts';
import { type MemorySink, memorySink } from '../memory-sink.ts';
import { serve } from '../serve.ts';

const KEY = 'write-key';
const EVENTS = 120;
const POISON = 57;

const events = defineEvents({
  ordered: z.object({ n: z.number() }),
  identify: z.object({ plan: z.string() }),
  page: z.object({ name: z.string(), title: z.string() }),
  screen: z.object({ name: z.string() }),
  group: z.object({ groupId: z.string(), size: z.number() }),
  alias: z.object({ previousId: z.string(), userId: z.string() }),
});

/** The clients' own waits between attempts, of 1 to 2 s, take a hundredth; their time limits stay. */
beforeEach(() => {
  const { setTimeout: real } = globalThis;
  const isBackoff = (ms: number | undefined): ms is number =>
    ms !== undefined && ms > 200 && ms < 5_000;
  vi.stubGlobal(
    'setTimeout',
    (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) =>
      real(callback, isBackoff(ms) ? ms / 100 : ms, ...args),
  );
  // Where posthog-node says what its 'error' event says as well.
  vi.spyOn(console, 'error').mockReturnValue();
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** What a client says of its own events. */
interface ClientCounts {
  readonly failed: number;
}

/** A client of another library that sends `numbers`, one event each, and waits for the end. */
type Send = (origin: string, numbers: readonly number[]) => Promise<ClientCounts>;

const sendSegment: Send = async (host, numbers) => {
  const analytics = new Analytics({ writeKey: KEY, host, flushAt: 10, flushInterval: 20 });
  let failed = 0;
  const each = numbers.map(
    (n) =>
      new Promise<void>((resolve) => {
        analytics.track({ userId: 'u1', event: 'ordered', properties: { n } }, (error) => {
          if (error !== undefined) failed += 1;
          resolve();
        });
      }),
  );
  await analytics.closeAndFlush({ timeout: 20_000 });
  await Promise.all(each);
  return { failed };
};

interface CaptureError {
  readonly drops?: readonly unknown[];
  readonly retryExhausted?: readonly unknown[];
}

const sendPosthog: Send = async (host, numbers) => {
  const posthog = new PostHog(KEY, {
    host,
    flushAt: 10,
    flushInterval: 20,
    fetchRetryDelay: 5,
    maxBatchSize: 10,
  });
  let failed = 0;
  // Only protocol 1 says how many; the other at least that there was an error.
  posthog.on('error', ({ drops, retryExhausted }: CaptureError) => {
    failed += drops === undefined ? 1 : drops.length + (retryExhausted?.length ?? 0);
  });
  for (const n of numbers) {
    posthog.capture({ distinctId: 'u1', event: 'ordered', properties: { n } });
  }
  await posthog.shutdown(20_000);
  return { failed };
};

const sendPosthogV1: Send = (host, numbers) => {
  vi.stubEnv('POSTHOG_CAPTURE_MODE', 'v1');
  return sendPosthog(host, numbers);
};

const CLIENTS: readonly (readonly [string, { send: Send; hasResults: boolean; path: string }])[] = [
  ['@segment/analytics-node', { send: sendSegment, hasResults: false, path: '/v1/batch' }],
  ['posthog-node', { send: sendPosthog, hasResults: false, path: '/batch/' }],
  [
    'posthog-node in capture mode v1',
    { send: sendPosthogV1, hasResults: true, path: '/i/v1/analytics/events' },
  ],
];

interface System extends AsyncDisposable {
  readonly origin: string;
  readonly handler: IngestHandler;
  readonly rejections: Rejection[];
  readonly paths: Set<string>;
  readonly encodings: Set<string | null>;
}

/** The handler behind a real server; `wrap` puts faults between them. */
async function system(
  sink: EventSink,
  options: Partial<IngestOptions> = {},
  wrap: (handler: IngestHandler) => (request: Request) => Promise<Response> = (handler) => handler,
): Promise<System> {
  const rejections: Rejection[] = [];
  const paths = new Set<string>();
  const encodings = new Set<string | null>();
  const handler = createIngestHandler({
    events,
    sink,
    auth: keys({ server: KEY }),
    limits: { retryAfter: 0 },
    onReject: (rejection) => void rejections.push(rejection),
    ...options,
  });
  const answer = wrap(handler);
  const server = await serve((request) => {
    paths.add(new URL(request.url).pathname);
    encodings.add(request.headers.get('content-encoding'));
    return answer(request);
  });
  return {
    origin: new URL(server.url).origin,
    handler,
    rejections,
    paths,
    encodings,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const range = (length: number) => Array.from({ length }, (_, n) => n);
const numbersIn = ({ stored }: MemorySink) =>
  [...stored.values()].map(({ props }) => (props as { n: number }).n).toSorted((a, b) => a - b);
const numberOf = (event: { readonly props: unknown }) => (event.props as { n: number }).n;

describe.each(CLIENTS)('%s', (_name, { send, hasResults, path }) => {
  it('delivers each event once', async () => {
    const sink = memorySink();
    await using at = await system(sink);
    expect(await send(at.origin, range(EVENTS))).toEqual({ failed: 0 });
    expect(numbersIn(sink)).toEqual(range(EVENTS));
    expect([...at.paths]).toEqual([path]);
    expect(at.rejections).toEqual([]);
    expect(at.handler.stats()).toMatchObject({ received: EVENTS, stored: EVENTS, pending: 0 });
    const [first] = sink.stored.values();
    expect(first).toMatchObject({ name: 'ordered', source: 'server', sampleRate: 1 });
    expect(first?.context).toMatchObject({ userId: 'u1' });
  });

  it('delivers each event once when the sink is down for a while', async () => {
    const memory = memorySink();
    let failures = 0;
    const sink: EventSink = {
      write: (list) => {
        if (failures >= 2) return memory.write(list);
        failures += 1;
        return Promise.reject(new Error('the database is starting up'));
      },
    };
    await using at = await system(sink);
    expect(await send(at.origin, range(EVENTS))).toEqual({ failed: 0 });
    expect(numbersIn(memory)).toEqual(range(EVENTS));
    const { received, stored, retried } = at.handler.stats();
    expect({ stored, retried: retried > 0, received }).toEqual({
      stored: EVENTS,
      retried: true,
      received: EVENTS + retried,
    });
    expect(at.rejections).toContainEqual(
      expect.objectContaining({ reason: 'sink_failed', status: 503, sender: 'server' }),
    );
  });

  it('delivers each event once when answers are lost after the commit', async () => {
    const sink = memorySink();
    let cut = 0;
    await using at = await system(sink, {}, (handler) => async (request) => {
      const response = await handler(request);
      if (cut >= 2) return response;
      cut += 1;
      throw new Error('the connection is cut');
    });
    expect(await send(at.origin, range(EVENTS))).toEqual({ failed: 0 });
    expect(numbersIn(sink)).toEqual(range(EVENTS));
    const { stored, duplicates, received } = at.handler.stats();
    expect(stored).toBe(EVENTS);
    expect(duplicates).toBeGreaterThan(0);
    expect(received).toBe(stored + duplicates);
  });

  it('loses one poisonous event alone, and is told as far as it listens', async () => {
    const sink = memorySink((event) =>
      numberOf(event) === POISON ? { result: 'drop', details: 'no' } : { result: 'ok' },
    );
    await using at = await system(sink);
    expect(await send(at.origin, range(EVENTS))).toEqual({ failed: hasResults ? 1 : 0 });
    expect(numbersIn(sink)).toEqual(range(EVENTS).filter((n) => n !== POISON));
    expect(at.rejections).toMatchObject([
      { type: 'event', reason: 'refused_by_sink', name: 'ordered' },
    ]);
    expect(at.handler.stats()).toMatchObject({
      received: EVENTS,
      stored: EVENTS - 1,
      dropped: { refused_by_sink: 1 },
    });
  });

  it('sends only what is to be sent again, where it reads results', async () => {
    const seen = new Map<number, number>();
    const sink = memorySink((event) => {
      const n = numberOf(event);
      seen.set(n, (seen.get(n) ?? 0) + 1);
      return n === 3 && seen.get(n) === 1 ? { result: 'retry' } : { result: 'ok' };
    });
    await using at = await system(sink);
    expect(await send(at.origin, range(10))).toEqual({ failed: 0 });
    expect(numbersIn(sink)).toEqual(range(10));
    expect(at.handler.stats()).toMatchObject({
      stored: 10,
      retried: 1,
      duplicates: hasResults ? 0 : 9,
    });
  });

  it('delivers each event once when it is limited', async () => {
    const sink = memorySink();
    let elapsedMs = 0;
    const limited = {
      rateLimit: { eventsPerSecond: 10, burst: 20 },
      clock: { monotonic: () => elapsedMs },
    };
    await using at = await system(sink, limited, (handler) => (request) => {
      elapsedMs += 500; // half of what is sent with each request
      return handler(request);
    });
    expect(await send(at.origin, range(60))).toEqual({ failed: 0 });
    expect(numbersIn(sink)).toEqual(range(60));
    expect(at.handler.stats().refused.rate_limited).toBeGreaterThan(0);
    expect(at.handler.stats().stored).toBe(60);
  });

  it('is refused with a wrong key', async () => {
    const sink = memorySink();
    await using at = await system(sink, { auth: keys(['another-key']) });
    const { failed } = await send(at.origin, range(5));
    expect(failed).toBeGreaterThan(0);
    expect(sink.stored.size).toBe(0);
    expect(at.rejections[0]).toMatchObject({ reason: 'unauthorized', status: 401 });
  });

  it('is refused when its dialect is not spoken', async () => {
    const sink = memorySink();
    await using at = await system(sink, { dialects: ['native'] });
    const { failed } = await send(at.origin, range(5));
    expect(failed).toBeGreaterThan(0);
    expect(sink.stored.size).toBe(0);
    expect(at.handler.stats().received).toBe(0);
  });
});

it('posthog-node compresses, Segment does not', async () => {
  await using at = await system(memorySink());
  await sendSegment(at.origin, [1]);
  expect([...at.encodings]).toEqual([null]);
  at.encodings.clear();
  await sendPosthog(at.origin, [1]);
  expect([...at.encodings]).toEqual(['gzip']);
});

it('tells Segment by the status when all events of a batch were dropped', async () => {
  await using at = await system(memorySink(() => ({ result: 'drop', details: 'no' })));
  expect(await sendSegment(at.origin, range(5))).toEqual({ failed: 5 });
});

it('takes every type of Segment', async () => {
  const sink = memorySink();
  await using at = await system(sink);
  const analytics = new Analytics({ writeKey: KEY, host: at.origin, flushAt: 10 });
  const who = { userId: 'u1', context: { page: { path: '/start' }, app: 'web' } };
  analytics.identify({ ...who, traits: { plan: 'pro' } });
  analytics.page({ ...who, name: 'Start', properties: { title: 'Welcome' } });
  analytics.screen({ ...who, name: 'Start' });
  analytics.group({ ...who, groupId: 'g1', traits: { size: 5 } });
  analytics.alias({ ...who, previousId: 'a1' });
  analytics.track({ anonymousId: 'a1', event: 'ordered', properties: { n: 1 } });
  await analytics.closeAndFlush();
  const stored = [...sink.stored.values()].map(({ name, props }) => [name, props]);
  expect(Object.fromEntries(stored)).toEqual({
    identify: { plan: 'pro' },
    page: { name: 'Start', title: 'Welcome' },
    screen: { name: 'Start' },
    group: { groupId: 'g1', size: 5 },
    alias: { previousId: 'a1', userId: 'u1' },
    ordered: { n: 1 },
  });
  const [first] = sink.stored.values();
  expect(first?.context).toMatchObject({ userId: 'u1', path: '/start', app: 'web' });
});

it('keeps names that are not declared where that is wanted', async () => {
  const sink = memorySink();
  await using at = await system(sink, { unknownEvents: 'accept' });
  const posthog = new PostHog(KEY, { host: at.origin, flushAt: 1 });
  posthog.identify({ distinctId: 'u1', properties: { plan: 'pro' } });
  await posthog.shutdown();
  expect([...sink.stored.values()]).toMatchObject([
    { name: '$identify', props: { $set: { plan: 'pro' } }, context: { userId: 'u1' } },
  ]);
});
