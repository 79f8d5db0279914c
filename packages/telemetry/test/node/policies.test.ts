import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { defineEvents } from '../../src/index.ts';
import {
  createTelemetry,
  type DropNotice,
  type OutgoingEvent,
  type TelemetryOptions,
} from '../../src/node/index.ts';
import { collector, status } from '../collector.ts';
import { manualClock, settled } from '../manual-clock.ts';

const events = defineEvents({ any: z.unknown(), rare: z.unknown() });

function client(options: Partial<TelemetryOptions<typeof events>> = {}) {
  const clock = manualClock();
  const server = collector(clock.monotonic);
  const notices: DropNotice[] = [];
  const warnings: string[] = [];
  const telemetry = createTelemetry<typeof events>({
    endpoint: 'http://127.0.0.1:9/',
    key: 'k',
    fetch: server.fetch,
    clock,
    random: () => 1,
    onDrop: (notice) => void notices.push(notice),
    logger: { warn: (_fields, message) => void warnings.push(message) },
    ...options,
    batch: { gzipFrom: false, ...options.batch },
  });
  const track = (count: number): boolean[] =>
    Array.from({ length: count }, (_, n) => telemetry.track('any', { n }));
  const sent = () => server.received.flatMap((request) => request.events);
  return { clock, server, notices, warnings, telemetry, track, sent };
}

describe('sample', () => {
  it('keeps a user as a whole, tells the rate, counts the others and tells nobody of them', async () => {
    const { clock, telemetry, sent, notices, warnings } = client({ sample: { '*': 0.5, rare: 1 } });
    let kept = 0;
    for (let user = 0; user < 100; user += 1) {
      const child = telemetry.with({ userId: `user-${user}` });
      const answers = [child.track('any', 1), child.track('any', 2), child.track('any', 3)];
      expect(new Set(answers).size).toBe(1);
      if (answers[0]) kept += 1;
      expect(child.track('rare', 1)).toBe(true);
    }
    expect(kept).toBeGreaterThan(20);
    expect(kept).toBeLessThan(80);
    await clock.advance(5_000);
    expect(telemetry.stats()).toMatchObject({
      delivered: 100 + kept * 3,
      refused: { sampled: 300 - kept * 3 },
    });
    const rates = sent().map((event) => `${event.name} ${event.sampleRate}`);
    expect(new Set(rates)).toEqual(new Set(['any 0.5', 'rare undefined']));
    expect([notices, warnings]).toEqual([[], []]);
  });

  it('goes by the event where no user is known', () => {
    const { telemetry, track } = client({ sample: 0.5 });
    const kept = track(1_000).filter(Boolean).length;
    expect(kept).toBeGreaterThan(400);
    expect(kept).toBeLessThan(600);
    expect(telemetry.stats().refused.sampled).toBe(1_000 - kept);
  });
});

describe('consent', () => {
  it('pending keeps, granted sends', async () => {
    const { clock, telemetry, track, sent } = client({ consent: 'pending' });
    track(3);
    expect(await telemetry.flush()).toMatchObject({ delivered: 0, pending: 3 });
    await clock.advance(60_000);
    expect(sent()).toEqual([]);
    telemetry.consent('granted');
    await clock.advance(5_000);
    expect(telemetry.stats()).toMatchObject({ delivered: 3, pending: 0 });
  });

  it('denied drops, aborts, refuses and tells nobody, until it is granted', async () => {
    const { clock, server, telemetry, track, notices, warnings } = client({
      batch: { maxEvents: 2 },
    });
    server.script(() => new Promise(() => {}));
    const child = telemetry.with({ userId: 'u' });
    track(3);
    await clock.advance(0);
    expect(server.received).toHaveLength(1);
    telemetry.consent('denied');
    expect(telemetry.stats()).toMatchObject({ pending: 0, bytes: 0, dropped: { no_consent: 3 } });
    expect(child.track('any', 1)).toBe(false);
    telemetry.consent('granted');
    expect(child.track('any', 2)).toBe(true);
    await clock.advance(5_000);
    expect(server.received).toHaveLength(2);
    expect(telemetry.stats()).toMatchObject({
      accepted: 4,
      delivered: 1,
      pending: 0,
      refused: { no_consent: 1 },
    });
    expect([notices, warnings]).toEqual([[], []]);
  });

  it('denied aborts the request under way', async () => {
    let signal: AbortSignal | null | undefined;
    const { clock, telemetry, track } = client({
      retry: { initialDelay: '1h', maxDelay: '1h' },
      fetch: (_input, init) => {
        ({ signal } = init ?? {});
        return new Promise(() => {});
      },
    });
    track(1);
    await clock.advance(5_000);
    expect(signal?.aborted).toBe(false);
    telemetry.consent('denied');
    expect(signal?.aborted).toBe(true);
    await settled();
    expect(clock.delays).toEqual([]);
    // It was no failure: the next request waits for its interval and for nothing else.
    telemetry.consent('granted');
    track(1);
    expect(clock.delays).toEqual([5_000]);
    await clock.advance(5_000);
    expect(signal?.aborted).toBe(false);
    void telemetry.shutdown({ timeout: 0 });
  });

  it('pending at shutdown is none given', async () => {
    const { telemetry, track } = client({ consent: 'pending' });
    track(2);
    expect(await telemetry.shutdown()).toMatchObject({ pending: 0, dropped: { no_consent: 2 } });
    telemetry.consent('granted');
    expect(track(1)).toEqual([false]);
  });

  it.each(['Granted', 'yes', undefined, null, {}])('%j counts as denied', (state) => {
    const { telemetry, track } = client();
    telemetry.consent(state as never);
    expect(track(1)).toEqual([false]);
  });
});

describe('redact', () => {
  it('reaches properties, context, and what beforeSend adds', async () => {
    const { clock, telemetry, sent } = client({
      redact: ['password', /token/],
      context: { path: '/reset?token=s3cret' },
      beforeSend: (event) => ({ ...event, props: { before: event.props, Password: 's3cret' } }),
    });
    telemetry
      .with({ authToken: 's3cret' })
      .track('any', { password: 's3cret', url: 'https://u:s3cret@a.test/?x=1' });
    await clock.advance(5_000);
    expect(JSON.stringify(sent())).not.toContain('s3cret');
    expect(sent()).toMatchObject([
      {
        props: {
          before: { password: '[Redacted]', url: 'https://[Redacted]@a.test/?x=1' },
          Password: '[Redacted]',
        },
        context: { path: '/reset?token=[Redacted]', authToken: '[Redacted]' },
      },
    ]);
  });
});

describe('beforeSend', () => {
  it('may change all but the id and the time, on copies', async () => {
    const shared = { userId: 'u' };
    const { clock, telemetry, sent } = client({
      context: shared,
      beforeSend: (event) => {
        event.context['userId'] = 'other';
        return { ...event, id: 'x', timestamp: 'y', name: 'renamed', props: { was: event.props } };
      },
    });
    telemetry.track('any', { n: 1 });
    telemetry.track('any', { n: 2 });
    await clock.advance(5_000);
    expect(sent()).toMatchObject([
      { name: 'renamed', props: { was: { n: 1 } }, context: { userId: 'other' } },
      { name: 'renamed', props: { was: { n: 2 } }, context: { userId: 'other' } },
    ]);
    expect(sent()[0]?.id).toMatch(/^[\da-f-]{36}$/);
    expect(sent()[0]?.timestamp).toBe('2026-03-01T00:00:00.000Z');
  });

  it('null leaves an event out, counted and told nobody', async () => {
    const { clock, telemetry, track, notices } = client({ beforeSend: () => null });
    expect(track(2)).toEqual([false, false]);
    await clock.advance(5_000);
    expect(telemetry.stats()).toMatchObject({ accepted: 0, refused: { before_send: 2 } });
    expect(notices).toEqual([]);
  });

  const fault = new Error('no');
  const fail = (): never => {
    throw fault;
  };
  const hostile = Object.assign({}, { name: 'any', props: {} });
  it.each<[string, (event: OutgoingEvent) => unknown]>([
    ['throws', fail],
    ['forgets to return', () => undefined],
    ['returns true', () => true],
    ['returns a promise', (event) => Promise.resolve(event)],
    ['returns a promise that rejects', () => Promise.reject(fault)],
    ['returns one that never settles', () => new Promise(() => {})],
    ['returns an object that throws', () => new Proxy({}, { get: fail, has: fail })],
    ['returns an event without a context', () => hostile],
    ['returns an event without a name', (event) => ({ ...event, name: undefined })],
    ['returns what cannot be JSON', (event) => ({ ...event, props: () => 1 })],
  ])('one that %s costs its event alone', async (_name, beforeSend) => {
    let isHostile = true;
    const { clock, telemetry, notices } = client({
      beforeSend: (event) => (isHostile ? (beforeSend(event) as OutgoingEvent) : event),
    });
    expect(telemetry.track('any', 1)).toBe(false);
    isHostile = false;
    expect(telemetry.track('any', 2)).toBe(true);
    await clock.advance(5_000);
    expect(telemetry.stats()).toMatchObject({ delivered: 1, refused: { callback_error: 1 } });
    expect(notices).toMatchObject([
      { reason: 'callback_error', count: 1, cause: expect.any(Error) },
    ]);
  });

  it('that tracks does not recurse; that makes an event too large loses it', () => {
    const { telemetry } = client({
      beforeSend: (event) => {
        expect(telemetry.track('any', 'inner')).toBe(false);
        return event.props === 'large' ? { ...event, props: 'x'.repeat(40_000) } : event;
      },
    });
    expect(telemetry.track('any', 1)).toBe(true);
    expect(telemetry.track('any', 'large')).toBe(false);
    expect(telemetry.stats().refused).toMatchObject({ reentrant: 2, too_large: 1 });
  });

  it('that denies consent or shuts down gets its event refused', () => {
    const denying = client({
      beforeSend: (event) => {
        denying.telemetry.consent('denied');
        return event;
      },
    });
    expect(denying.track(1)).toEqual([false]);
    expect(denying.telemetry.stats()).toMatchObject({ accepted: 0, refused: { no_consent: 1 } });
  });
});

describe('overflow', () => {
  it("'drop-newest' refuses what comes and keeps what waits", async () => {
    const { clock, track, telemetry, sent, notices } = client({
      queue: { maxEvents: 3, overflow: 'drop-newest' },
    });
    expect(track(5)).toEqual([true, true, true, false, false]);
    await clock.advance(5_000);
    expect(sent().map((event) => event.props)).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
    expect(telemetry.stats()).toMatchObject({
      delivered: 3,
      dropped: { queue_overflow: 0 },
      refused: { queue_overflow: 2 },
    });
    expect(notices).toMatchObject([{ reason: 'queue_overflow', count: 2 }]);
  });
});

describe('lost', () => {
  it('goes with the next request, the same report until one is acknowledged, then what came later', async () => {
    const { clock, server, track } = client({ queue: { maxEvents: 2 } });
    server.script(status(503), status(503));
    track(5); // three are lost
    await clock.advance(0);
    track(1); // one more
    await clock.advance(500 + 1_000 + 5_000);
    track(1);
    await clock.advance(5_000);
    track(1);
    await clock.advance(5_000);
    const reports = server.received.map(({ batch: { lost, lostId } }) => ({ lost, lostId }));
    const [first] = reports;
    expect(first).toEqual({
      lost: { queue_overflow: 3 },
      lostId: expect.stringMatching(/^[\da-f-]{36}$/),
    });
    const acknowledged = reports.findIndex(({ lostId }) => lostId !== first?.lostId);
    expect(reports.slice(0, acknowledged)).toEqual(
      Array.from({ length: acknowledged }, () => first),
    );
    expect(acknowledged).toBeGreaterThanOrEqual(3);
    const later = reports.slice(acknowledged).filter(({ lost }) => lost !== undefined);
    expect(later).toMatchObject([{ lost: { queue_overflow: 1 } }]);
  });

  it('says nothing of what was left out on purpose', async () => {
    const { clock, server, telemetry } = client({
      sample: { rare: 0 },
      beforeSend: (e) => (e.props === 0 ? null : e),
    });
    telemetry.track('rare', 1);
    telemetry.track('any', 0);
    telemetry.track('any', 1);
    await clock.advance(5_000);
    expect(server.received[0]?.batch).not.toHaveProperty('lost');
  });
});

describe('gzipFrom', () => {
  it.each([
    [false, null],
    [10_000, null],
    [100, 'gzip'],
  ] as const)('%s: the content encoding is %s', async (gzipFrom, encoding) => {
    const { clock, server, telemetry } = client({ batch: { gzipFrom } });
    telemetry.track('any', 'x'.repeat(2_000));
    await clock.advance(5_000);
    while (server.received.length === 0) await settled(); // gzip runs on a thread of its own
    expect(server.received[0]?.headers.get('content-encoding')).toBe(encoding);
    expect(server.received[0]?.events[0]?.props).toBe('x'.repeat(2_000));
  });
});

describe('waitUntil', () => {
  it('gets one promise that covers what is tracked until it settles, without lingering', async () => {
    const promises: Promise<unknown>[] = [];
    const { clock, server, telemetry, track } = client({ waitUntil: (p) => void promises.push(p) });
    track(3);
    expect(promises).toHaveLength(1);
    let late: (() => void) | undefined = () => track(2);
    server.script((request) => {
      late?.();
      late = undefined;
      return Response.json({
        results: Object.fromEntries(request.events.map(({ id }) => [id, { result: 'ok' }])),
      });
    });
    await clock.advance(0);
    await promises[0];
    expect(promises).toHaveLength(1);
    expect(telemetry.stats()).toMatchObject({ delivered: 5, pending: 0 });
    track(1);
    await clock.advance(0);
    expect(promises).toHaveLength(2);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('outside a request');
      },
    ],
    ['tracks', undefined],
  ] as const)('one that %s breaks nothing', async (_name, given) => {
    const waitUntil = vi.fn(given ?? (() => void telemetry.track('any', 'inner')));
    const { clock, telemetry, track } = client({ waitUntil });
    expect(track(2)).toEqual([true, true]);
    await clock.advance(0);
    expect(waitUntil).toHaveBeenCalledTimes(1);
    expect(telemetry.stats()).toMatchObject({ pending: 0 });
  });

  it('gets a promise for what waited for consent, although nothing is tracked after it', async () => {
    const promises: Promise<unknown>[] = [];
    const { clock, telemetry, track } = client({
      waitUntil: (p) => void promises.push(p),
      consent: 'pending',
    });
    telemetry.consent('granted');
    telemetry.consent('pending');
    track(2);
    expect(promises).toEqual([]);
    telemetry.consent('granted');
    expect(promises).toHaveLength(1);
    await clock.advance(0);
    await promises[0];
    expect(telemetry.stats()).toMatchObject({ delivered: 2, pending: 0 });
  });

  it('settles during an outage, and is not called while consent is pending', async () => {
    const promises: Promise<unknown>[] = [];
    const { clock, server, telemetry, track } = client({
      waitUntil: (p) => void promises.push(p),
      consent: 'pending',
    });
    track(1);
    expect(promises).toEqual([]);
    telemetry.consent('granted');
    server.script(...Array.from({ length: 99 }, () => status(503)));
    track(1);
    await clock.advance(31_000);
    await Promise.all(promises);
    expect(telemetry.stats().pending).toBe(2);
    await Promise.all([telemetry.shutdown({ timeout: 0 }), clock.advance(0)]);
  });
});

describe('ready', () => {
  it('a producer that waits for it loses nothing', async () => {
    const { clock, telemetry } = client({ queue: { maxEvents: 10 }, batch: { maxEvents: 4 } });
    const produce = async (): Promise<void> => {
      for (let n = 0; n < 200; n += 1) {
        await telemetry.ready();
        telemetry.track('any', n);
      }
    };
    const producing = produce();
    for (let i = 0; i < 60; i += 1) await clock.advance(0);
    await Promise.all([producing, clock.advance(5_000)]);
    await clock.advance(5_000);
    expect(telemetry.stats()).toMatchObject({ delivered: 200, dropped: { queue_overflow: 0 } });
    expect(clock.delays).toEqual([]);
  });

  it('waits until half of the queue is free', async () => {
    const { clock, server, telemetry, track } = client({
      queue: { maxEvents: 10 },
      batch: { maxEvents: 3 },
    });
    const answers: (() => void)[] = [];
    const held = new Promise<void>((resolve) => answers.push(resolve));
    let count = 0;
    server.script(
      ...Array.from({ length: 2 }, () => async (request: (typeof server.received)[number]) => {
        count += 1;
        if (count === 2) await held;
        const ids = request.events.map(({ id }) => [id, { result: 'ok' }]);
        return Response.json({ results: Object.fromEntries(ids) });
      }),
    );
    track(10);
    let isReady = false;
    const ready = telemetry.ready().then((hasRoom) => (isReady = hasRoom));
    await clock.advance(0);
    expect([telemetry.stats().pending, isReady]).toEqual([7, false]);
    answers[0]?.();
    expect(await ready).toBe(true);
    expect(telemetry.stats().pending).toBeLessThanOrEqual(5);
    await clock.advance(5_000);
  });

  it('is false at its timeout, when aborted, and after shutdown; true when a denial made room', async () => {
    const { clock, telemetry, track } = client({ queue: { maxEvents: 2 }, consent: 'pending' });
    track(2);
    const timedOut = telemetry.ready({ timeout: 10 });
    const controller = new AbortController();
    const aborted = telemetry.ready({ signal: controller.signal });
    controller.abort();
    await clock.advance(10);
    expect([await timedOut, await aborted]).toEqual([false, false]);
    const purged = telemetry.ready();
    telemetry.consent('denied');
    expect(await purged).toBe(true);
    telemetry.consent('pending');
    track(2);
    const closed = telemetry.ready();
    await telemetry.shutdown();
    expect([await closed, await telemetry.ready()]).toEqual([false, false]);
    expect(clock.delays).toEqual([]);
  });
});

it('shutdown without time to wait is done when it returns', () => {
  const { telemetry, track, warnings } = client();
  track(2);
  void telemetry.shutdown({ timeout: 0 });
  expect(telemetry.stats()).toMatchObject({ pending: 0, dropped: { shutdown: 2 } });
  expect(warnings).toEqual(['telemetry: 2 events lost (shutdown)']);
});
