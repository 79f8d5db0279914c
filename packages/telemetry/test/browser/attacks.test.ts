import { expect, it, vi } from 'vitest';
import * as z from 'zod';
import {
  type BrowserDropNotice,
  type BrowserTelemetryOptions,
  createTelemetry,
  localStore,
  redactKeys,
} from '../../src/browser/index.ts';
import { defineEvents, type WireBatch } from '../../src/index.ts';
import { isUuid } from '../../src/uuid.ts';
import { settled } from '../manual-clock.ts';
import { manualPage } from './manual-page.ts';

const events = defineEvents({ ping: z.unknown() });

interface Request {
  readonly batch: WireBatch;
  readonly bytes: number;
  readonly init: RequestInit;
  answer(response: Response | Error): void;
}

const stored = ({ batch }: Pick<Request, 'batch'>): Response =>
  Response.json({
    results: Object.fromEntries(batch.events.map(({ id }) => [id, { result: 'ok' }])),
  });

/** A page whose requests hang until the test answers them. */
function world(options: Partial<BrowserTelemetryOptions> = {}, hasBeacon = false) {
  const requests: Request[] = [];
  const manual = manualPage((_url, init) => {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const body = init.body as string;
    requests.push({
      batch: JSON.parse(body) as WireBatch,
      bytes: Buffer.byteLength(body),
      init,
      answer: (with_) => (with_ instanceof Error ? reject(with_) : resolve(with_)),
    });
    init.signal?.addEventListener('abort', () => reject(new Error('aborted')));
    return promise;
  }, hasBeacon);
  const lost: BrowserDropNotice[] = [];
  const telemetry = createTelemetry<typeof events>({
    endpoint: '/t',
    key: 'k',
    page: manual.page,
    onDrop: (notice) => void lost.push(notice),
    ...options,
  });
  const track = (count: number, bytes = 3_000): void => {
    for (let n = 0; n < count; n += 1) telemetry.track('ping', { pad: 'x'.repeat(bytes) });
  };
  return { manual, telemetry, track, requests, lost };
}

const raise = (): never => {
  throw new Error('no');
};
const unreadable = { toJSON: raise };

it('prints losses with their number and cause, but never what was tracked', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const { manual, telemetry, requests } = world({ onDrop: undefined });
  telemetry.track('ping', { secret: 'hunter2' });
  await manual.clock.advance(3_000);
  requests[0]?.answer(new Response('bad key', { status: 401 }));
  await manual.clock.advance(10);
  expect(warn).toHaveBeenCalledTimes(1);
  const [text, loss] = warn.mock.calls[0] as [string, { cause: Error }];
  expect(text).toBe('telemetry: lost');
  expect(loss).toMatchObject({ reason: 'rejected', count: 1, status: 401 });
  expect(loss.cause.message).toContain('bad key');
  expect(JSON.stringify(loss)).not.toContain('hunter2');
  warn.mockRestore();
});

it.each([null, '', true, [], '1', 'soon', '1.2.3s', Number.NaN, -1, 1e12])(
  'takes %j for no option: the default holds',
  async (value) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const wrong = value as never;
    const { manual, telemetry, requests } = world({
      queue: { maxEvents: wrong },
      requestTimeout: wrong,
      batch: { interval: wrong },
    });
    expect(warn).toHaveBeenCalledTimes(3);
    expect(telemetry.track('ping', {})).toBe(true);
    await manual.clock.advance(2_999);
    expect(requests).toHaveLength(0);
    await manual.clock.advance(1);
    expect(requests).toHaveLength(1);
    warn.mockRestore();
  },
);

it('is not misled by what a page has put into Object.prototype', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  // oxlint-disable-next-line no-extend-native -- what an old library does to a page
  Object.defineProperty(Object.prototype, 'polluted', {
    value: () => {},
    enumerable: true,
    writable: true,
    configurable: true,
  });
  let dropped: object = {};
  try {
    const { manual, telemetry } = world();
    const flushed = telemetry.flush({ timeout: 1 });
    await manual.clock.advance(1);
    ({ dropped } = await flushed);
  } finally {
    Reflect.deleteProperty(Object.prototype, 'polluted');
  }
  expect(Object.keys(dropped)).not.toContain('polluted');
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});

it.each([-1e12, 1.5, 0])('makes valid ids at the time %d', async (now) => {
  const { manual, telemetry, requests } = world();
  manual.clock.jump(now - manual.clock.now());
  telemetry.track('ping', {});
  await manual.clock.advance(3_000);
  expect(isUuid(requests[0]?.batch.events[0]?.id)).toBe(true);
});

it('uses fetch and sendBeacon as they were when it was created', async () => {
  const { manual, telemetry, track, requests } = world({}, true);
  Object.assign(manual.page, { fetch: raise });
  Object.assign(manual.page.navigator as object, { sendBeacon: raise });
  track(1);
  await manual.clock.advance(3_000);
  expect(requests).toHaveLength(1);
  manual.hide();
  expect(manual.beacons).toHaveLength(1);
  expect(telemetry.stats().pending).toBe(1);
});

it('sends what needs no preflight: text without a header of its own, the key in the body', async () => {
  const { manual, track, requests } = world();
  track(1);
  await manual.clock.advance(3_000);
  expect(requests[0]?.init.headers).toBeUndefined();
  expect(requests[0]?.init.body).toBeTypeOf('string');
  expect(requests[0]?.batch.key).toBe('k');
});

it('waits as long as Retry-After says, also when the page comes online before', async () => {
  const { manual, track, requests } = world();
  track(1);
  await manual.clock.advance(3_000);
  requests[0]?.answer(new Response('', { status: 429, headers: { 'retry-after': '30' } }));
  await manual.clock.advance(29_000);
  manual.emit({ type: 'online' });
  await manual.clock.advance(900);
  expect(requests).toHaveLength(1);
  await manual.clock.advance(1_000);
  expect(requests).toHaveLength(2);
});

it('does not wait out its own back-off when the page comes online, hidden or not', async () => {
  const { manual, track, requests, telemetry } = world();
  manual.hide();
  track(1);
  await manual.clock.advance(3_000);
  for (let n = 0; n < 8; n += 1) {
    requests.at(-1)?.answer(new TypeError('offline'));
    await manual.clock.advance(n < 7 ? 60_000 : 0);
  }
  const tried = requests.length;
  manual.emit({ type: 'online' });
  await manual.clock.advance(0);
  expect(requests).toHaveLength(tried + 1);
  const last = requests.at(-1) as Request;
  last.answer(stored(last));
  await settled();
  expect(telemetry.stats().delivered).toBe(1);
});

it('offline for longer than the budget: what was tried is counted as lost, what came later is not', async () => {
  const { manual, track, requests, telemetry } = world({ retry: { budget: '10m' } });
  track(1);
  for (let minute = 0; minute < 12; minute += 1) {
    await manual.clock.advance(60_000);
    requests.at(-1)?.answer(new TypeError('offline'));
    if (minute === 9) track(1);
  }
  await settled();
  expect(telemetry.stats()).toMatchObject({ pending: 1, dropped: { retry_budget: 1 } });
});

it('makes requests larger again after a 413 has made them small', async () => {
  const { manual, track, requests } = world();
  track(8, 10);
  void manual.clock.advance(3_000);
  await manual.clock.advance(3_000);
  for (const status of [413, 413, 413, 413]) {
    requests.at(-1)?.answer(new Response('', { status }));
    await manual.clock.advance(0);
  }
  for (let n = 0; n < 20; n += 1) {
    track(8, 10);
    const last = requests.at(-1) as Request;
    last.answer(stored(last));
    await manual.clock.advance(3_000);
  }
  expect(requests.at(-1)?.batch.events.length).toBeGreaterThanOrEqual(8);
});

it('hands over what is tracked in a later pagehide listener, though the page was hidden already', () => {
  const { manual, telemetry, track } = world({}, true);
  manual.hide();
  manual.emit({ type: 'pagehide' });
  track(2, 10);
  const ids = manual.beacons.flatMap(({ body }) => (JSON.parse(body) as WireBatch).events);
  expect(ids).toHaveLength(2);
  expect(telemetry.stats().dropped.unload).toBe(0);
});

it('an onDrop that tracks as the page is left, or after shutdown, is not told without end', async () => {
  let calls = 0;
  const { manual, telemetry, track } = world({
    onDrop: () => {
      calls += 1;
      if (calls < 1_000) telemetry.track('ping', {});
    },
  });
  track(40);
  manual.leave();
  expect(calls).toBeLessThan(10);
  const ended = telemetry.shutdown({ timeout: 0 });
  await manual.clock.advance(0);
  await ended;
  expect(calls).toBeLessThan(20);
});

it('tells of all losses as the page is left, also of what the minute would keep back', async () => {
  const { manual, telemetry, lost } = world();
  telemetry.track('ping', unreadable);
  await manual.clock.advance(10);
  telemetry.track('ping', unreadable);
  manual.leave();
  expect(lost.map(({ count }) => count)).toEqual([1, 1]);
});

it('counts what waits for consent as no_consent when the page is left, and tells nobody', () => {
  const { manual, telemetry, track, lost } = world({ consent: 'pending' });
  track(3);
  manual.leave();
  expect(telemetry.stats().dropped).toMatchObject({ no_consent: 3, unload: 0 });
  expect(lost).toEqual([]);
});

it('keepalive requests of a page that is hidden, then left, stay within the 64 KiB together', () => {
  const { manual, telemetry, track, requests } = world();
  track(15);
  manual.hide();
  track(15);
  manual.leave();
  const leaving = requests.filter(({ init }) => init.keepalive === true);
  expect(leaving.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(65_536);
  const handed = leaving.flatMap(({ batch }) => batch.events).length;
  expect(telemetry.stats().dropped.unload).toBe(30 - handed);
});

it('keeps a report of losses until the request that carried it is answered, not an earlier one', async () => {
  const { manual, telemetry, requests } = world();
  telemetry.track('ping', unreadable);
  telemetry.track('ping', {});
  await manual.clock.advance(3_000); // the first request, with the first report
  telemetry.track('ping', {});
  manual.hide(); // the second one, by keepalive, with the same
  const [first, second] = requests as [Request, Request];
  telemetry.track('ping', unreadable);
  second.answer(stored(second));
  await settled();
  telemetry.track('ping', {});
  manual.hide(); // the third one, with the second report
  first.answer(stored(first));
  await settled();
  requests[2]?.answer(new TypeError('lost'));
  manual.show();
  telemetry.track('ping', {});
  await manual.clock.advance(3_000);
  const reports = requests.map(({ batch }) => batch.lostId);
  expect(reports[1]).toBe(reports[0]);
  expect(reports[2]).not.toBe(reports[0]);
  expect(reports[3]).toBe(reports[2]);
});

it('comes back from the back/forward cache by pageshow alone', async () => {
  const { manual, telemetry, track, requests } = world({}, true);
  track(3);
  manual.emit({ type: 'pagehide', persisted: true });
  expect(manual.beacons).toHaveLength(1);
  manual.emit({ type: 'pageshow', persisted: true });
  await manual.clock.advance(3_000);
  const [request] = requests as [Request];
  request.answer(stored(request));
  await settled();
  expect(telemetry.stats()).toMatchObject({ delivered: 3, pending: 0 });
});

it('hands an event over once though the page tells twice that it is hidden', () => {
  const { manual, track } = world({}, true);
  track(3);
  manual.hide();
  manual.hide();
  manual.leave();
  expect(manual.beacons).toHaveLength(1);
});

it('flush and shutdown resolve whatever they are given', async () => {
  const { manual, telemetry, track } = world();
  const signal = new AbortController().signal;
  const removed = vi.spyOn(signal, 'removeEventListener');
  track(1);
  const bad = telemetry.flush({ signal: 'none' as never, timeout: '1s' });
  const worse = telemetry.flush(new Proxy({}, { get: raise }));
  const good = telemetry.flush({ signal, timeout: 5 });
  await manual.clock.advance(1_000);
  for (const report of await Promise.all([bad, worse, good])) expect(report.pending).toBe(1);
  expect(removed).toHaveBeenCalledTimes(1);
  const ended = telemetry.shutdown({ timeout: Symbol('x') as never });
  await manual.clock.advance(10_000);
  expect((await ended).pending).toBe(0);
});

it('a denial ends the request under way', async () => {
  const { manual, telemetry, track, requests } = world();
  track(2);
  await manual.clock.advance(3_000);
  telemetry.consent('denied');
  expect(requests[0]?.init.signal?.aborted).toBe(true);
  await settled();
  expect(telemetry.stats()).toMatchObject({ pending: 0, dropped: { no_consent: 2 } });
});

it('gives onDrop no more bytes of events than the queue may hold', async () => {
  const { manual, track, lost } = world({ queue: { maxBytes: 20_000 } });
  track(100, 3_000);
  await manual.clock.advance(10);
  expect(lost).toMatchObject([{ reason: 'queue_overflow', count: 94 }]);
  expect(lost[0]?.events.length).toBeGreaterThan(0);
  expect(JSON.stringify(lost[0]?.events).length).toBeLessThanOrEqual(20_100);
});

it('redacts properties that are a text, and keeps its own fields', async () => {
  const { manual, telemetry, requests } = world({
    redact: redactKeys([/./]),
    context: { a: 1 },
  });
  telemetry.track('ping', 'https://x.test/?token=t');
  await manual.clock.advance(3_000);
  const [event] = requests[0]?.batch.events ?? [];
  expect(event).toMatchObject({ name: 'ping', props: 'https://x.test/?token=[Redacted]' });
  expect(event?.context).toEqual({ a: '[Redacted]' });
  expect(isUuid(event?.id)).toBe(true);
});

it('a DataView does not lift the limit for what comes after it', () => {
  const { telemetry } = world();
  const endless = Object.assign([], { length: 1e8 });
  const props = { view: new DataView(new ArrayBuffer(8)), endless };
  expect(telemetry.track('ping', props)).toBe(false);
  expect(telemetry.stats().refused.too_large).toBe(1);
});

function storage() {
  const items = new Map<string, string>();
  const localStorage = {
    get length() {
      return items.size;
    },
    key: (index: number) => [...items.keys()][index] ?? null,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
  return { items, localStorage };
}

it('goes on sending what a store has kept while the page is only hidden', async () => {
  const platform = storage();
  const { manual, telemetry, track, requests } = world({ store: localStore({ platform }) });
  await settled();
  track(40);
  manual.hide();
  expect(platform.items.size).toBe(1);
  for (let n = 0; n < 5; n += 1) {
    for (const request of requests) request.answer(stored(request));
    await manual.clock.advance(3_000);
  }
  expect(telemetry.stats()).toMatchObject({ delivered: 40, pending: 0 });
  expect(platform.items.size).toBe(0);
});

it('a visit that begins with consent denied sends nothing of an earlier one, and deletes it', async () => {
  const platform = storage();
  const before = world({ store: localStore({ platform }) });
  await settled();
  before.track(40);
  before.manual.leave();
  expect(platform.items.size).toBe(1);
  const next = world({ consent: 'denied', store: localStore({ platform }) });
  await next.manual.clock.advance(10_000);
  expect(next.requests).toEqual([]);
  expect(next.telemetry.stats().accepted).toBe(0);
  expect(platform.items.size).toBe(0);
});
