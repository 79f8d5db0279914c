import { expect, it } from 'vitest';
import * as z from 'zod';
import {
  type BrowserDropNotice,
  type BrowserTelemetryOptions,
  createTelemetry,
  localStore,
} from '../../src/browser/index.ts';
import { defineEvents, type WireBatch } from '../../src/index.ts';
import { manualPage } from './manual-page.ts';

const events = defineEvents({ ping: z.object({ pad: z.string() }) });

interface Sent {
  readonly batch: WireBatch;
  readonly isKeepalive: boolean;
  readonly bytes: number;
}

function world(options: Partial<BrowserTelemetryOptions> = {}, hasBeacon = true) {
  const sent: Sent[] = [];
  let answer = (batch: WireBatch): Response | Promise<Response> =>
    Response.json({
      results: Object.fromEntries(batch.events.map(({ id }) => [id, { result: 'ok' }])),
    });
  const manual = manualPage(async (_url, init) => {
    const body = init.body as string;
    const batch = JSON.parse(body) as WireBatch;
    sent.push({ batch, isKeepalive: init.keepalive === true, bytes: Buffer.byteLength(body) });
    return answer(batch);
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
  return {
    manual,
    telemetry,
    track,
    sent,
    lost,
    answer: (to: typeof answer) => void (answer = to),
  };
}

const idsIn = (bodies: readonly { body: string }[]): string[] =>
  bodies.flatMap(({ body }) => (JSON.parse(body) as WireBatch).events.map(({ id }) => id));

it('gives a beacon at most 64 KiB, with the key in the body, and no event twice', () => {
  const { manual, track } = world();
  let room = 65_536;
  manual.onBeacon = (bytes) => {
    if (bytes > room) return false;
    room -= bytes;
    return true;
  };
  track(30);
  manual.hide();
  expect(manual.beacons.every(({ bytes }) => bytes <= 65_536)).toBe(true);
  expect(JSON.parse(manual.beacons[0]?.body ?? '')).toMatchObject({ key: 'k' });
  const ids = idsIn(manual.beacons);
  expect(ids.length).toBeGreaterThanOrEqual(20);
  expect(new Set(ids).size).toBe(ids.length);
});

it('tries smaller beacons, then one keepalive request within the 64 KiB', async () => {
  const { manual, track, sent } = world();
  manual.onBeacon = (bytes) => bytes < 10_000;
  track(5);
  track(1, 20_000);
  manual.hide();
  expect(idsIn(manual.beacons).length).toBe(5);
  expect(sent).toMatchObject([{ isKeepalive: true }]);
  expect(sent[0]?.batch.key).toBe('k');
  await manual.clock.advance(0);
});

it('counts what neither way had room for as unload when the page is gone, and tells at once', () => {
  const { manual, telemetry, track, sent, lost } = world({}, false);
  track(40);
  manual.leave();
  expect(sent[0]?.bytes).toBeLessThanOrEqual(65_536);
  const { pending, dropped } = telemetry.stats();
  expect(dropped.unload).toBe(40 - pending);
  expect(dropped.unload).toBeGreaterThan(0);
  expect(lost).toMatchObject([{ reason: 'unload', count: dropped.unload }]);
  expect(lost[0]?.events.length).toBe(dropped.unload);
});

it('drops nothing when the page may come back, and sends again by requests when it does', async () => {
  const { manual, telemetry, track, sent } = world();
  track(3);
  manual.leave(true);
  expect(telemetry.stats()).toMatchObject({ pending: 3, delivered: 0, dropped: { unload: 0 } });
  await manual.clock.advance(60_000);
  expect(sent).toEqual([]);
  manual.show();
  await manual.clock.advance(3_000);
  expect(telemetry.stats()).toMatchObject({ pending: 0, delivered: 3 });
  expect(sent[0]?.batch.events.map(({ id }) => id)).toEqual(idsIn(manual.beacons));
});

it('counts the answer to a keepalive request, and sends again what it failed to deliver', async () => {
  const { manual, telemetry, track, answer } = world({}, false);
  answer(() => Promise.reject(new TypeError('quota')));
  await manual.clock.advance(1);
  track(2);
  manual.hide();
  await manual.clock.advance(0);
  expect(telemetry.stats().pending).toBe(2);
  answer((batch) =>
    Response.json({
      results: Object.fromEntries(batch.events.map(({ id }) => [id, { result: 'ok' }])),
    }),
  );
  await manual.clock.advance(1_000);
  expect(telemetry.stats().delivered).toBe(2);
});

it('sends and stores nothing while consent is pending, and everything once it is granted', async () => {
  const { manual, telemetry, track, sent } = world({ consent: 'pending' });
  track(25);
  manual.hide();
  manual.show();
  await manual.clock.advance(10_000);
  expect([...sent, ...manual.beacons]).toEqual([]);
  telemetry.consent('granted');
  await manual.clock.advance(3_000);
  expect(telemetry.stats().delivered).toBe(25);
});

function memoryStorage(maxUnits: number) {
  const items = new Map<string, string>();
  return {
    items,
    localStorage: {
      get length() {
        return items.size;
      },
      key: (index: number) => [...items.keys()][index] ?? null,
      getItem: (key: string) => items.get(key) ?? null,
      removeItem: (key: string) => void items.delete(key),
      setItem(key: string, value: string) {
        if (value.length > maxUnits) throw new Error('QuotaExceededError');
        items.set(key, value);
      },
    },
  };
}

it('keeps in the store what is not confirmed; the next visit delivers it and empties the store', async () => {
  const platform = memoryStorage(1e6);
  const first = world({ store: localStore({ platform }) });
  first.track(30);
  first.manual.leave();
  expect(first.telemetry.stats().dropped.unload).toBe(0);
  expect(platform.items.size).toBe(1);
  platform.items.set('telemetry.damaged', '{');
  platform.items.set('telemetry.foreign', '[1,null,{"id":7}]');
  const next = world({ store: localStore({ platform }) });
  await next.manual.clock.advance(5_000);
  expect(next.telemetry.stats()).toMatchObject({ accepted: 30, delivered: 30, pending: 0 });
  expect(platform.items.size).toBe(0);
});

it('counts as unload what a full store could not take', () => {
  const platform = memoryStorage(20_000);
  const { manual, telemetry, track } = world({ store: localStore({ platform }) }, false);
  track(60);
  manual.leave();
  const [item] = platform.items.values();
  const keptCount = (JSON.parse(item ?? '[]') as unknown[]).length;
  expect(keptCount).toBeGreaterThan(0);
  expect(telemetry.stats().dropped.unload).toBeGreaterThan(0);
});

it('works where storage is forbidden', async () => {
  const platform = {
    get localStorage(): never {
      throw new Error('SecurityError');
    },
  };
  const { manual, telemetry, track } = world({ store: localStore({ platform }) });
  track(2);
  manual.hide();
  manual.show();
  await manual.clock.advance(3_000);
  expect(telemetry.stats().delivered).toBe(2);
});
