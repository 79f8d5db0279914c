import type { Clock } from '@ops/timeout';
import { expect, it, vi } from 'vitest';
import * as z from 'zod';
import { defineEvents } from '../../src/index.ts';
import { createTelemetry, type TelemetryOptions } from '../../src/node/index.ts';
import { collector } from '../collector.ts';
import { manualClock } from '../manual-clock.ts';

const events = defineEvents({ any: z.unknown() });

function client(options: Partial<TelemetryOptions> = {}) {
  const clock = manualClock();
  const server = collector();
  const telemetry = createTelemetry<typeof events>({
    endpoint: 'http://127.0.0.1:9/',
    key: 'k',
    fetch: server.fetch,
    clock,
    logger: { warn: () => {} },
    batch: { maxEvents: 5 },
    ...options,
  });
  return { clock, server, telemetry };
}

/** Claims four billion items. */
const sparse = Object.assign([], { length: 2 ** 32 - 1 });
const fail = (): never => {
  throw new Error('no');
};
const throwHostile = (): never => {
  throw new Proxy(new Error('no'), { get: fail, has: fail, getPrototypeOf: fail });
};
const circular: Record<string, unknown> = {};
circular['self'] = circular;
const revoked = Proxy.revocable({}, {});
revoked.revoke();
let deep: unknown = 1;
for (let i = 0; i < 50_000; i += 1) deep = [deep];

it.each([
  ['a throwing getter', Object.defineProperty({}, 'x', { enumerable: true, get: fail })],
  ['a throwing toJSON', { toJSON: fail }],
  ['a throwing proxy', new Proxy({}, { get: fail, ownKeys: fail })],
  ['a revoked proxy', revoked.proxy],
  ['a function', fail],
  ['a symbol', Symbol('x')],
  ['nesting without end', deep],
  ['what throws a proxy that throws', { toJSON: throwHostile }],
  [
    'what throws null',
    {
      toJSON: () => {
        // oxlint-disable-next-line typescript/only-throw-error -- hosts do
        throw null;
      },
    },
  ],
])('%s is refused and leaves its neighbours alone', async (_name, props) => {
  const { clock, server, telemetry } = client();
  expect(telemetry.track('any', { n: 1 })).toBe(true);
  expect(telemetry.track('any', props)).toBe(false);
  expect(telemetry.track('any', { n: 2 })).toBe(true);
  expect(telemetry.stats()).toMatchObject({ accepted: 2, refused: { unserializable: 1 } });
  await clock.advance(5_000);
  expect(server.received[0]?.events.map((event) => event.props)).toEqual([{ n: 1 }, { n: 2 }]);
});

it.each([
  ['circular values', circular, { self: '[Circular]' }],
  ['a BigInt', { n: 2n ** 64n }, { n: '18446744073709551616' }],
  ['NUL and half a surrogate pair', { s: 'a\0b\uD800c' }, { s: 'a\uFFFDb\uFFFDc' }],
  ['nothing', undefined, {}],
  ['null', null, null],
  ['NUL and half a pair in a key', { 'a\0\uDC00': 1 }, { 'a\uFFFD\uFFFD': 1 }],
  ['a date that is none', { d: new Date(Number.NaN) }, { d: null }],
  ['numbers that are none', [Number.NaN, Infinity, -0], [null, null, 0]],
  [
    'symbols and functions',
    { s: Symbol('x'), f: () => 1, l: [Symbol('x'), () => 1] },
    { l: [null, null] },
  ],
  [
    'typed arrays',
    { t: new Float32Array([1, 2]), d: new DataView(new ArrayBuffer(8)) },
    { t: { 0: 1, 1: 2 }, d: {} },
  ],
  [
    'maps, sets, weak maps and promises',
    [new Map([[1, 2]]), new Set([1]), new WeakMap(), Promise.resolve(1)],
    [{}, {}, {}, {}],
  ],
  ['an object without prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  [
    '__proto__ as a key',
    JSON.parse('{"__proto__":{"polluted":1}}'),
    JSON.parse('{"__proto__":{"polluted":1}}'),
  ],
])('%s arrive as JSON can say it', async (_name, props, expected) => {
  const { clock, server, telemetry } = client();
  expect(telemetry.track('any', props)).toBe(true);
  await clock.advance(5_000);
  expect(server.received[0]?.events[0]?.props).toEqual(expected);
});

it('reads the properties at once', async () => {
  const { clock, server, telemetry } = client();
  const props = { step: 1 };
  telemetry.track('any', props);
  props.step = 2;
  await clock.advance(5_000);
  expect(server.received[0]?.events[0]?.props).toEqual({ step: 1 });
});

it.each([
  ['a symbol', Symbol('name')],
  ['a number', 5],
  ['nothing', undefined],
  ['an object that throws', { toString: fail }],
])('%s as a name is refused', (_name, name) => {
  const { telemetry } = client();
  expect(telemetry.track(name as never, {})).toBe(false);
  expect(telemetry.stats().refused.unserializable).toBe(1);
});

it('gives up early on what is huge', () => {
  const { telemetry } = client();
  const huge: readonly unknown[] = [
    'x'.repeat(500_000_000),
    new Float64Array(30_000_000),
    new Uint8Array(300_000_000),
    Array.from({ length: 1_000_000 }, () => 'x'),
    new Proxy([], { get: (_target, key) => (key === 'length' ? 2 ** 32 : undefined) }),
    { toJSON: () => 'x'.repeat(500_000_000) },
    new String('x'.repeat(100_000_000)),
  ];
  for (const props of huge) expect(telemetry.track('any', props)).toBe(false);
  expect(telemetry.stats().refused.too_large).toBe(huge.length);
});

it('refuses an event by its bytes in UTF-8, id and context included', () => {
  const { telemetry } = client({ queue: { maxEventBytes: 1_000 } });
  expect(telemetry.track('any', 'x'.repeat(800))).toBe(true);
  expect(telemetry.track('any', 'ä'.repeat(800))).toBe(false);
  expect(telemetry.with({ note: 'x'.repeat(300) }).track('any', 'x'.repeat(800))).toBe(false);
  expect(telemetry.track('any', 'x'.repeat(100_000_000))).toBe(false);
  expect(telemetry.track('any', sparse)).toBe(false);
  expect(telemetry.track('n'.repeat(2_000) as 'any', {})).toBe(false);
  expect(telemetry.with({ sparse }).track('any', {})).toBe(false);
  expect(telemetry.stats()).toMatchObject({ accepted: 1, refused: { too_large: 6 } });
});

it.each([
  ['a throwing getter', Object.defineProperty({}, 'x', { enumerable: true, get: fail })],
  ['a proxy', new Proxy({}, { ownKeys: fail })],
  ['an array', [1]],
  ['a string', 'user'],
])("with(%s) does not throw; its events are refused, the parent's are not", (_name, context) => {
  const { telemetry } = client();
  const child = telemetry.with(context);
  expect(child.track('any', {})).toBe(false);
  expect(child.with({ userId: 'u' }).track('any', {})).toBe(false);
  expect(telemetry.track('any', {})).toBe(true);
  expect(telemetry.with(undefined as never).track('any', {})).toBe(true);
  expect(telemetry.stats()).toMatchObject({ accepted: 2, refused: { unserializable: 2 } });
});

it('a getter that tracks does not recurse', () => {
  const { telemetry } = client();
  let calls = 0;
  const props = {
    get self(): string {
      calls += 1;
      telemetry.track('any', props);
      return 'x';
    },
  };
  expect(telemetry.track('any', props)).toBe(true);
  expect(calls).toBe(1);
  expect(telemetry.stats()).toMatchObject({ accepted: 1, refused: { reentrant: 1 } });
});

it('a getter that shuts down gets its event refused', async () => {
  const { clock, telemetry } = client();
  const props = {
    get x() {
      void telemetry.shutdown();
      return 1;
    },
  };
  expect(telemetry.track('any', props)).toBe(false);
  await clock.advance(5_000);
  expect(telemetry.stats()).toMatchObject({ accepted: 0, refused: { closed: 1 } });
});

it.each(['now', 'monotonic', 'setTimeout', 'clearTimeout'] as const)(
  'a clock whose %s throws makes nothing throw, and the books add up',
  async (method) => {
    const clock: Clock = { ...manualClock(), [method]: fail };
    const { telemetry } = client({ clock, queue: { maxEvents: 2 } });
    for (let n = 0; n < 4; n += 1) telemetry.track('any', { n });
    telemetry.track('any', fail);
    await telemetry.flush({ timeout: 1, signal: AbortSignal.abort() });
    await telemetry.shutdown({ timeout: 1, signal: AbortSignal.abort() });
    const { accepted, delivered, pending, dropped } = telemetry.stats();
    const lost = Object.values(dropped).reduce((a, b) => a + b, 0);
    expect(accepted).toBe(delivered + pending + lost);
  },
);

it('its methods need no receiver', () => {
  const { track, stats, with: child } = client().telemetry;
  expect(track('any', 1)).toBe(true);
  expect(child({ userId: 'u' }).track('any', 1)).toBe(true);
  expect(stats().accepted).toBe(2);
});

it('does not block on a fetch that throws at once', async () => {
  const { clock, telemetry } = client({ fetch: vi.fn(fail) });
  telemetry.track('any', 1);
  await clock.advance(5_000);
  expect(telemetry.stats().pending).toBe(1);
});

it.each([
  ['nothing', undefined],
  ['an object without headers', { ok: true, status: 200 }],
  ['what throws when it is read', new Proxy({}, { get: fail })],
])('a fetch that gives %s for a response is a failed attempt', async (_name, response) => {
  const server = collector();
  const answers = [() => Promise.resolve(response as never)];
  const { clock, telemetry } = client({
    fetch: (...request) => (answers.shift() ?? server.fetch)(...request),
  });
  telemetry.track('any', 1);
  await clock.advance(60_000);
  expect(server.received).toHaveLength(1);
  expect(telemetry.stats()).toMatchObject({ delivered: 1, pending: 0 });
});

it('goes on after the host has used up the stack', () => {
  const { telemetry } = client();
  const dive = (): void => {
    try {
      telemetry.track('any', { n: 1 });
    } catch {
      // There was no room even to refuse it.
    }
    dive();
  };
  expect(dive).toThrow(RangeError);
  expect(telemetry.track('any', { n: 2 })).toBe(true);
});
