import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineEvents } from '../../src/index.ts';
import { createTelemetry, type DropNotice, type TelemetryOptions } from '../../src/node/index.ts';
import { collector, networkError, ok, results, status } from '../collector.ts';
import { manualClock, settled } from '../manual-clock.ts';

const events = defineEvents({
  ping: z.object({ n: z.number() }),
  big: z.object({ s: z.string() }),
});

/** Nothing is left to chance: jitter is always the whole of its range. */
function client(options: Partial<TelemetryOptions> = {}) {
  const clock = manualClock();
  const server = collector(clock.monotonic);
  const notices: DropNotice[] = [];
  const telemetry = createTelemetry<typeof events>({
    endpoint: 'http://127.0.0.1:9/api/telemetry',
    key: 'secret-key',
    fetch: server.fetch,
    clock,
    random: () => 1,
    onDrop: (notice) => void notices.push(notice),
    logger: { warn: () => {} },
    ...options,
  });
  const track = (count: number, from = 0): void => {
    for (let n = from; n < from + count; n += 1) telemetry.track('ping', { n });
  };
  const sent = (): number[][] =>
    server.received.map((request) => request.events.map((e) => (e.props as { n: number }).n));
  return { clock, server, notices, telemetry, track, sent };
}

/** gzip runs on a thread of its own. */
async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await settled();
}

describe('a batch goes out', () => {
  it('when it has the number of events, without waiting for the interval', async () => {
    const { clock, track, sent } = client({ batch: { maxEvents: 3 } });
    track(7);
    await clock.advance(0);
    expect(sent()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    await clock.advance(5_000);
    expect(sent()[2]).toEqual([6]);
  });

  it('when the interval since its first event is over', async () => {
    const { clock, track, sent } = client({ batch: { interval: '5s' } });
    track(1);
    await clock.advance(4_000);
    track(1, 1);
    await clock.advance(999);
    expect(sent()).toEqual([]);
    await clock.advance(1);
    expect(sent()).toEqual([[0, 1]]);
  });

  it('when it has the bytes', async () => {
    const { clock, telemetry, server } = client({ batch: { maxBytes: 1_000 } });
    for (let i = 0; i < 5; i += 1) telemetry.track('big', { s: 'x'.repeat(300) });
    await clock.advance(0);
    expect(server.received.map((request) => request.events.length)).toEqual([2, 2]);
  });

  it('never from inside track()', () => {
    const { server, track } = client({ batch: { maxEvents: 1 } });
    track(5);
    expect(server.received).toEqual([]);
  });

  it('one at a time', async () => {
    const { clock, server, track, sent } = client({ batch: { maxEvents: 2 } });
    let answer: ((response: Response) => void) | undefined;
    server.script(() => new Promise((resolve) => (answer = resolve)));
    track(6);
    await clock.advance(8_000);
    expect(sent()).toEqual([[0, 1]]);
    answer?.(await results(() => ({ result: 'ok' }))(server.received[0]!));
    await clock.advance(0);
    expect(sent()).toHaveLength(3);
  });
});

describe('a request', () => {
  it('carries the key, the ids, the time of sending and the context', async () => {
    const { clock, server, telemetry } = client({ context: { userId: 'u', release: 1 } });
    telemetry.with({ orgId: 'o', release: 2 }).track('ping', { n: 1 });
    telemetry.track('ping', { n: 2 });
    await clock.advance(5_000);
    const [request] = server.received;
    expect(request?.headers.get('authorization')).toBe('Bearer secret-key');
    expect(request?.headers.get('content-type')).toBe('application/json');
    expect(request?.headers.get('content-encoding')).toBeNull();
    expect(request?.batch).toEqual({
      sentAt: '2026-03-01T00:00:05.000Z',
      events: [
        {
          id: expect.stringMatching(/^[\da-f-]{36}$/),
          name: 'ping',
          timestamp: '2026-03-01T00:00:00.000Z',
          props: { n: 1 },
          context: { userId: 'u', release: 2, orgId: 'o' },
        },
        expect.objectContaining({ props: { n: 2 }, context: { userId: 'u', release: 1 } }),
      ],
    });
  });

  it('is compressed above a kilobyte', async () => {
    const { clock, server, telemetry } = client();
    telemetry.track('big', { s: 'ä'.repeat(5_000) });
    await clock.advance(5_000);
    await until(() => server.received.length > 0);
    expect(server.received[0]?.headers.get('content-encoding')).toBe('gzip');
    expect(server.received[0]?.bodyBytes).toBeLessThan(1_000);
    expect(server.received[0]?.events[0]?.props).toEqual({ s: 'ä'.repeat(5_000) });
    await telemetry.shutdown();
  });

  it('that hangs is given up after its timeout and repeated', async () => {
    const { clock, server, telemetry, track } = client({ requestTimeout: '2s' });
    server.script(() => new Promise(() => {}));
    track(1);
    await clock.advance(5_000 + 2_000 + 500);
    expect(server.received).toHaveLength(2);
    expect(telemetry.stats()).toMatchObject({ delivered: 1, pending: 0 });
  });

  it('whose answer hangs is given up as well', async () => {
    const { clock, server, telemetry, track } = client({ requestTimeout: '2s' });
    server.script(() => new Response(new ReadableStream({}), { status: 200 }));
    track(1);
    await clock.advance(5_000 + 2_000 + 500);
    expect(telemetry.stats()).toMatchObject({ delivered: 1, pending: 0 });
  });
});

describe('after a failure', () => {
  it.each([
    ['408', status(408)],
    ['425', status(425)],
    ['429', status(429)],
    ['500', status(500)],
    ['503', status(503)],
    ['a redirect', status(302, { location: 'http://elsewhere.test/' })],
    ['no connection', networkError()],
    ['200 with a page', () => new Response('<html>', { status: 200 })],
    ['200 without results', () => Response.json({ status: 'ok' })],
    ['200 that names no event', () => Response.json({ results: {} })],
    ['204', () => new Response(null, { status: 204 })],
  ])('%s: the same events with the same ids go out again', async (_name, answer) => {
    const { clock, server, telemetry, track } = client();
    server.script(answer);
    track(2);
    await clock.advance(5_000);
    expect(telemetry.stats()).toMatchObject({ delivered: 0, pending: 2 });
    await clock.advance(499);
    expect(server.received).toHaveLength(1);
    await clock.advance(1);
    expect(server.received).toHaveLength(2);
    expect(server.received[1]?.events).toEqual(server.received[0]?.events);
    expect(server.received[1]?.batch.sentAt).toBe('2026-03-01T00:00:05.500Z');
    expect(telemetry.stats()).toMatchObject({ delivered: 2, pending: 0 });
  });

  it.each([400, 401, 403, 404, 422])('%i is final', async (code) => {
    const { clock, server, telemetry, notices, track } = client();
    server.script(status(code));
    track(2);
    await clock.advance(60_000);
    expect(server.received).toHaveLength(1);
    expect(telemetry.stats()).toMatchObject({ pending: 0, dropped: { rejected: 2 } });
    expect(notices).toMatchObject([{ reason: 'rejected', count: 2, status: code }]);
    expect(notices[0]?.events).toEqual(server.received[0]?.events);
    expect(String(notices[0]?.cause)).toContain(`answered ${code}`);
  });

  it('waits twice as long at most each time, and starts over after a success', async () => {
    const { clock, server, track } = client({ batch: { maxEvents: 1 } });
    server.script(...Array.from({ length: 4 }, () => status(500)), ok, status(500));
    track(2);
    await clock.advance(60_000);
    const times = server.received.map(({ at }) => at);
    expect(times).toEqual([0, 500, 1_500, 3_500, 7_500, 7_500, 8_000]);
  });

  it('retries only the events that the server wants again', async () => {
    const { clock, server, telemetry, notices, track, sent } = client();
    const word = ['ok', 'warning', 'drop', 'retry', 'nonsense'] as const;
    server.script(
      results((event) => {
        const { n } = event.props as { n: number };
        return { result: word[n] as 'ok', details: `about ${n}` };
      }),
    );
    track(5);
    await clock.advance(5_500);
    expect(sent()).toEqual([[0, 1, 2, 3, 4], [3]]);
    expect(telemetry.stats()).toMatchObject({ delivered: 3, dropped: { rejected: 2 }, pending: 0 });
    expect(notices.map(({ events: lost }) => lost.map((e) => e.props))).toEqual([
      [{ n: 2 }, { n: 4 }],
    ]);
    expect(String(notices[0]?.cause)).toContain('about 2');
  });

  it('sends one stubborn event without slowing the others down', async () => {
    const { clock, server, telemetry, track } = client({ batch: { maxEvents: 5 } });
    const answer = results(({ props }) => ({
      result: (props as { n: number }).n === 0 ? 'retry' : 'ok',
    }));
    server.script(...Array.from({ length: 20 }, () => answer));
    track(45);
    await clock.advance(6_000);
    expect(telemetry.stats()).toMatchObject({ delivered: 44, pending: 1 });
  });

  it('drops events when an attempt fails after their budget', async () => {
    const { clock, server, telemetry, notices, track } = client({
      retry: { budget: '3s', initialDelay: '1s', maxDelay: '1s' },
    });
    server.script(...Array.from({ length: 10 }, () => status(503)));
    track(2);
    await clock.advance(7_999);
    expect(server.received).toHaveLength(3);
    expect(telemetry.stats().pending).toBe(2);
    await clock.advance(1);
    expect(telemetry.stats()).toMatchObject({ pending: 0, dropped: { retry_budget: 2 } });
    await clock.advance(0);
    expect(notices).toMatchObject([{ reason: 'retry_budget', count: 2, status: 503 }]);
  });
});

describe('Retry-After', () => {
  const ofDate = new Date(Date.parse('2026-03-01T00:00:05Z') + 20_000).toUTCString();
  it.each([
    ['seconds with 503', status(503, { 'retry-after': '20' })],
    ['a date with 429', status(429, { 'retry-after': ofDate })],
    ['seconds with 200', results(() => ({ result: 'retry' }), { 'retry-after': '20' })],
  ])('%s is kept to, with jitter after it', async (_name, answer) => {
    const { clock, server, telemetry, track } = client({ batch: { maxEvents: 5 } });
    server.script(answer);
    track(1);
    await clock.advance(5_000);
    track(20, 1); // four full batches do not hurry it
    await clock.advance(20_499);
    expect(server.received).toHaveLength(1);
    await clock.advance(1);
    expect(server.received.length).toBeGreaterThan(1);
    await clock.advance(5_000);
    expect(telemetry.stats().delivered).toBe(21);
  });

  it('of a final status holds the next batch', async () => {
    const { clock, server, track } = client({ batch: { maxEvents: 1 } });
    server.script(status(403, { 'retry-after': '10' }));
    track(2);
    await clock.advance(10_499);
    expect(server.received).toHaveLength(1);
    await clock.advance(1);
    expect(server.received).toHaveLength(2);
  });

  it('is bounded', async () => {
    const { clock, server, track } = client({ retry: { maxRetryAfter: '1m' } });
    server.script(status(503, { 'retry-after': '99999999999' }));
    track(1);
    await clock.advance(5_000 + 60_500);
    expect(server.received).toHaveLength(2);
  });

  it('is not shortened by a flush, which returns at once when it cannot wait that long', async () => {
    const { clock, server, telemetry, track } = client();
    server.script(status(503, { 'retry-after': '60' }));
    track(1);
    await clock.advance(5_000);
    const report = await telemetry.flush({ timeout: '10s' });
    expect(report.pending).toBe(1);
    expect(server.received).toHaveLength(1);
    expect(clock.delays.filter((delay) => delay < 60_000)).toEqual([]);
  });
});

describe('413', () => {
  it('halves the batch down to the event that is too large', async () => {
    const { clock, server, telemetry, notices, track, sent } = client({
      batch: { gzipFrom: false },
    });
    const tooLargeWith5: typeof ok = (request) =>
      request.events.some(({ props }) => (props as { n: number }).n === 5)
        ? status(413)(request)
        : ok(request);
    server.script(...Array.from({ length: 30 }, () => tooLargeWith5));
    track(8);
    await clock.advance(60_000);
    expect(sent().slice(0, 2)).toEqual([
      [0, 1, 2, 3, 4, 5, 6, 7],
      [0, 1, 2, 3],
    ]);
    expect(sent()).toContainEqual([5]);
    expect(telemetry.stats()).toMatchObject({
      delivered: 7,
      dropped: { too_large: 1 },
      pending: 0,
    });
    expect(notices).toMatchObject([{ reason: 'too_large', count: 1, status: 413 }]);
  });

  it('makes later batches smaller, then larger again', async () => {
    const { clock, server, track } = client({ batch: { maxEvents: 8, gzipFrom: false } });
    server.script(status(413));
    track(40);
    await clock.advance(60_000);
    const sizes = server.received.map((request) => request.events.length);
    expect(sizes.slice(0, 6)).toEqual([8, 4, 5, 7, 8, 8]);
  });
});

it('keeps order over failures', async () => {
  const { clock, server, telemetry, track, sent } = client({ batch: { maxEvents: 2 } });
  server.script(status(500), networkError(), ok, status(503));
  track(6);
  await clock.advance(60_000);
  expect(sent()).toEqual([
    [0, 1],
    [0, 1],
    [0, 1],
    [2, 3],
    [2, 3],
    [4, 5],
  ]);
  expect(telemetry.stats()).toMatchObject({ accepted: 6, delivered: 6, bytes: 0 });
});

it('does not mind a wall clock that jumps back', async () => {
  const { clock, server, telemetry, track } = client();
  server.script(status(500));
  track(1);
  await clock.advance(5_000);
  clock.jump(-3_600_000);
  await clock.advance(500);
  expect(telemetry.stats().delivered).toBe(1);
});

it('sets no timer when there is nothing to send', async () => {
  const { clock, track } = client();
  expect(clock.delays).toEqual([]);
  track(1);
  await clock.advance(5_000);
  expect(clock.delays).toEqual([]);
});

it('sends before a queue that is smaller than a batch overflows', async () => {
  const { clock, telemetry, track } = client({ queue: { maxEvents: 10 } });
  for (let n = 0; n < 50; n += 1) {
    track(1, n);
    await clock.advance(10);
  }
  await clock.advance(5_000);
  expect(telemetry.stats()).toMatchObject({ delivered: 50, dropped: { queue_overflow: 0 } });
});

it('sends before a queue with fewer bytes than a batch overflows', async () => {
  const { clock, telemetry } = client({ queue: { maxBytes: 4_000 } });
  for (let n = 0; n < 20; n += 1) {
    telemetry.track('big', { s: 'x'.repeat(500) });
    await clock.advance(10);
    await until(() => telemetry.stats().bytes < 2_000);
  }
  await clock.advance(5_000);
  await until(() => telemetry.stats().pending === 0);
  expect(telemetry.stats()).toMatchObject({ delivered: 20, dropped: { queue_overflow: 0 } });
});

it('takes results for delivery only with status 200', async () => {
  const { clock, server, telemetry, track } = client();
  server.script(({ events: [event] }) =>
    Response.json({ results: { [event?.id ?? '']: { result: 'ok' } } }, { status: 202 }),
  );
  track(1);
  await clock.advance(5_000);
  expect(telemetry.stats()).toMatchObject({ delivered: 0, pending: 1 });
  await clock.advance(500);
  expect(telemetry.stats()).toMatchObject({ delivered: 1, pending: 0 });
});
