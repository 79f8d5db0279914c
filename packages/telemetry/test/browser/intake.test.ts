import { expect, it, vi } from 'vitest';
import * as z from 'zod';
import {
  type BrowserTelemetryOptions,
  createTelemetry,
  redactKeys,
  sampled,
} from '../../src/browser/index.ts';
import { defineEvents, type WireBatch, type WireEvent } from '../../src/index.ts';
import { isUuid } from '../../src/uuid.ts';
import { manualPage } from './manual-page.ts';

const events = defineEvents({ ping: z.unknown() });

function world(options: Partial<BrowserTelemetryOptions> = {}) {
  const received: WireEvent[] = [];
  const bodies: WireBatch[] = [];
  const manual = manualPage(async (_url, init) => {
    const batch = JSON.parse(init.body as string) as WireBatch;
    bodies.push(batch);
    received.push(...batch.events);
    return Response.json({
      results: Object.fromEntries(batch.events.map(({ id }) => [id, { result: 'ok' }])),
    });
  });
  const telemetry = createTelemetry<typeof events>({
    endpoint: '/t',
    key: 'k',
    page: manual.page,
    onDrop: () => {},
    ...options,
  });
  return { manual, telemetry, received, bodies };
}

const circular: Record<string, unknown> = { a: 1 };
circular['self'] = circular;
const raise = (): never => {
  throw new Error('no');
};

it.each([
  ['circular', circular, { a: 1, self: '[Circular]' }],
  ['a BigInt', { n: 1n }, { n: '1' }],
  [
    'NUL and half a pair',
    { 'k\0': 'a\0b\uD800', ok: '😀\\u0000' },
    { 'k\uFFFD': 'a\uFFFDb\uFFFD', ok: '😀\\u0000' },
  ],
  ['the same object twice', { a: circular['none'], b: [[1], [1]] }, { b: [[1], [1]] }],
  ['functions and symbols', { f: raise, s: Symbol('x'), l: [raise] }, { l: [null] }],
  ['an invalid date', { d: new Date(NaN) }, { d: null }],
  ['nothing', undefined, {}],
])('sends %s as JSON that a database takes', async (_what, props, expected) => {
  const { manual, telemetry, received } = world();
  expect(telemetry.track('ping', props)).toBe(true);
  await manual.clock.advance(3_000);
  expect(received[0]?.props).toEqual(expected);
  expect(isUuid(received[0]?.id)).toBe(true);
});

it.each([
  [
    'a throwing getter',
    Object.defineProperty({}, 'x', { get: raise, enumerable: true }),
    'unserializable',
  ],
  ['a throwing toJSON', { toJSON: raise }, 'unserializable'],
  ['a throwing proxy', new Proxy({}, { ownKeys: raise }), 'unserializable'],
  ['a long text', { s: 'x'.repeat(40_000) }, 'too_large'],
  ['a sparse array', { a: Object.assign([], { length: 1e8 }) }, 'too_large'],
  ['a typed array', { a: new Uint8Array(1e7) }, 'too_large'],
] as const)('refuses %s alone, and never throws', async (_what, props, reason) => {
  const { manual, telemetry, received } = world();
  expect(telemetry.track('ping', props)).toBe(false);
  expect(telemetry.track('ping', { fine: true })).toBe(true);
  expect(telemetry.stats().refused[reason]).toBe(1);
  await manual.clock.advance(3_000);
  expect(received.map((event) => event.props)).toEqual([{ fine: true }]);
});

it('refuses what is tracked while an event is read', () => {
  const { telemetry } = world();
  const props = {
    get a() {
      return telemetry.track('ping', {});
    },
  };
  expect(telemetry.track('ping', props)).toBe(true);
  expect(telemetry.stats()).toMatchObject({ accepted: 1, refused: { reentrant: 1 } });
});

it('redacts keys at any depth and secrets in URLs before beforeSend sees them', async () => {
  const seen: unknown[] = [];
  const { manual, telemetry, received } = world({
    context: { token: 't', userId: 'u' },
    redact: redactKeys(['password', /token/]),
    beforeSend: (event) => {
      seen.push(structuredClone(event.props));
      return { ...event, context: { ...event.context, reviewed: true } };
    },
  });
  telemetry.track('ping', {
    deep: [{ PassWord: 'p', list: { apiToken: 1 } }],
    url: 'https://me:pw@x.test/?a=1&password=p#token=t',
    next: '/go?to=%2Flogin%3Ftoken%3Dabc%26b%3D1',
  });
  await manual.clock.advance(3_000);
  const expected = {
    deep: [{ PassWord: '[Redacted]', list: { apiToken: '[Redacted]' } }],
    url: 'https://[Redacted]@x.test/?a=1&password=[Redacted]#token=[Redacted]',
    next: '/go?to=%2Flogin%3Ftoken%3D[Redacted]%26b%3D1',
  };
  expect(seen).toEqual([expected]);
  expect(received[0]).toMatchObject({
    props: expected,
    context: { token: '[Redacted]', userId: 'u', reviewed: true },
  });
});

it('counts what beforeSend leaves out, and what it breaks', () => {
  const answers: (() => unknown)[] = [() => null, raise, () => Promise.resolve(), () => 7];
  const { telemetry } = world({ beforeSend: () => answers.shift()?.() as never });
  for (let n = 0; n < 4; n += 1) expect(telemetry.track('ping', {})).toBe(false);
  expect(telemetry.stats().refused).toMatchObject({ before_send: 1, callback_error: 3 });
});

it('samples all events of a user or none, and says what one stands for', async () => {
  const { manual, telemetry, received } = world({ sample: sampled(0.5) });
  let kept = 0;
  for (let user = 0; user < 200; user += 1) {
    const tracker = telemetry.with({ userId: `user ${user}` });
    const results = [tracker.track('ping', {}), tracker.track('ping', {})];
    expect(results[0]).toBe(results[1]);
    if (results[0]) kept += 1;
  }
  expect(kept).toBeGreaterThan(60);
  expect(kept).toBeLessThan(140);
  expect(telemetry.stats().refused.sampled).toBe(2 * (200 - kept));
  await manual.clock.advance(3_000);
  expect(received.every(({ sampleRate }) => sampleRate === 0.5)).toBe(true);
});

it('reports losses in band, the same report until it is acknowledged', async () => {
  const { manual, telemetry, bodies } = world();
  telemetry.track('ping', { toJSON: raise });
  telemetry.track('ping', {});
  await manual.clock.advance(3_000);
  expect(bodies[0]).toMatchObject({ lost: { unserializable: 1 } });
  expect(isUuid(bodies[0]?.lostId)).toBe(true);
  telemetry.track('ping', {});
  await manual.clock.advance(3_000);
  expect(bodies[1]?.lost).toBeUndefined();
});

it('tells onDrop of a reason at once, then once a minute with the number', async () => {
  const told: number[] = [];
  const { manual, telemetry } = world({
    onDrop: ({ count }) => {
      told.push(count);
      throw new Error('ignored');
    },
  });
  for (let n = 0; n < 3; n += 1) {
    telemetry.track('ping', { toJSON: raise });
    await manual.clock.advance(10);
  }
  expect(told).toEqual([1]);
  await manual.clock.advance(60_000);
  expect(told).toEqual([1, 2]);
});

it('throws without an endpoint or key, and warns of any other wrong option', () => {
  expect(() => createTelemetry({ endpoint: '', key: 'k' })).toThrow(TypeError);
  expect(() => createTelemetry({ endpoint: '/t', key: '' })).toThrow(TypeError);
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const { telemetry } = world({ batch: { interval: 'soon' as never, maxEvents: -1 } });
  expect(warn).toHaveBeenCalledTimes(2);
  expect(telemetry.track('ping', {})).toBe(true);
  warn.mockRestore();
});
