import { expect, it } from 'vitest';
import * as z from 'zod';
import { defineEvents } from '../../src/index.ts';
import { createTelemetry, type DropNotice, type TelemetryOptions } from '../../src/node/index.ts';
import { collector, status } from '../collector.ts';
import { manualClock, settled } from '../manual-clock.ts';

const events = defineEvents({ ping: z.object({ n: z.number() }) });

function client(options: Partial<TelemetryOptions> = {}) {
  const clock = manualClock();
  const server = collector(clock.monotonic);
  const notices: DropNotice[] = [];
  const telemetry = createTelemetry<typeof events>({
    endpoint: 'http://127.0.0.1:9/',
    key: 'k',
    fetch: server.fetch,
    clock,
    random: () => 1,
    onDrop: (notice) => void notices.push(notice),
    logger: { warn: () => {} },
    batch: { maxEvents: 2 },
    ...options,
  });
  const track = (count: number): boolean[] =>
    Array.from({ length: count }, (_, n) => telemetry.track('ping', { n }));
  return { clock, server, notices, telemetry, track };
}

/** Runs `work` while time passes. */
async function during<T>(
  clock: { advance(ms: number): Promise<void> },
  ms: number,
  work: Promise<T>,
) {
  const [value] = await Promise.all([work, clock.advance(ms)]);
  return value;
}

it('flush sends all that is pending now and says so', async () => {
  const { clock, server, telemetry, track } = client();
  track(5);
  const report = await during(clock, 0, telemetry.flush());
  expect(report).toMatchObject({ delivered: 5, pending: 0 });
  expect(new Set(Object.values(report.dropped))).toEqual(new Set([0]));
  expect(server.received.map((r) => r.events.length)).toEqual([2, 2, 1]);
  expect(clock.delays).toEqual([]);
});

it('flush with nothing pending resolves at once', async () => {
  expect(await client().telemetry.flush()).toMatchObject({ delivered: 0, pending: 0 });
});

it('flush keeps to its timeout and its signal', async () => {
  const { clock, server, telemetry, track } = client({ requestTimeout: '60s' });
  server.script(() => new Promise(() => {}));
  track(2);
  expect(await during(clock, 3_000, telemetry.flush({ timeout: '3s' }))).toMatchObject({
    pending: 2,
  });
  const controller = new AbortController();
  const flushing = telemetry.flush({ signal: controller.signal });
  controller.abort();
  expect(await flushing).toMatchObject({ pending: 2 });
  expect(await telemetry.flush({ signal: AbortSignal.abort() })).toMatchObject({ pending: 2 });
  await during(clock, 5_000, telemetry.shutdown());
});

it('flush waits through retries', async () => {
  const { clock, server, telemetry, track } = client();
  server.script(status(503), status(503));
  track(2);
  expect(await during(clock, 2_000, telemetry.flush())).toMatchObject({ delivered: 2, pending: 0 });
});

it('shutdown delivers, then refuses and counts what comes later', async () => {
  const { clock, telemetry, track } = client();
  track(3);
  const report = await during(clock, 0, telemetry.shutdown());
  expect(report).toMatchObject({ delivered: 3, pending: 0 });
  expect(track(2)).toEqual([false, false]);
  expect(telemetry.with({ userId: 'u' }).track('ping', { n: 1 })).toBe(false);
  expect(telemetry.stats()).toMatchObject({ accepted: 3, delivered: 3, refused: { closed: 3 } });
});

it('shutdown drops, counts and hands back what it cannot deliver in time', async () => {
  const { clock, server, notices, telemetry, track } = client();
  let aborted: unknown;
  server.script(() => new Promise(() => {}));
  const fetch: typeof globalThis.fetch = (input, init) => {
    init?.signal?.addEventListener('abort', () => (aborted = init.signal?.reason));
    return server.fetch(input, init);
  };
  const hanging = client({ fetch });
  hanging.track(5);
  const shutdown = hanging.telemetry.shutdown({ timeout: '5s' });
  const report = await during(hanging.clock, 5_000, shutdown);
  expect(report).toMatchObject({ delivered: 0, pending: 0, dropped: { shutdown: 5 } });
  expect(hanging.notices).toMatchObject([{ reason: 'shutdown', count: 5 }]);
  expect(hanging.notices[0]?.events.map((e) => e.props)).toEqual(
    [0, 1, 2, 3, 4].map((n) => ({ n })),
  );
  expect(aborted).toBeInstanceOf(Error);
  expect(hanging.clock.delays).toEqual([]);
  expect([clock.delays, notices, telemetry.stats().accepted, track(0)]).toEqual([[], [], 0, []]);
});

it('a late answer changes nothing after shutdown', async () => {
  const { clock, server, telemetry, track } = client();
  let answer: ((response: Response) => void) | undefined;
  server.script(() => new Promise((resolve) => (answer = resolve)));
  track(2);
  await during(clock, 1_000, telemetry.shutdown({ timeout: '1s' }));
  const before = telemetry.stats();
  const ids = server.received[0]?.events.map(({ id }) => [id, { result: 'ok' }]) ?? [];
  answer?.(Response.json({ results: Object.fromEntries(ids) }));
  await settled();
  expect(telemetry.stats()).toEqual(before);
  expect(before).toMatchObject({ accepted: 2, delivered: 0, dropped: { shutdown: 2 } });
});

it('shutdown makes one more attempt instead of waiting for a backoff of its own', async () => {
  const { clock, server, telemetry, track } = client({
    retry: { initialDelay: '1h', maxDelay: '1h' },
  });
  server.script(status(503));
  track(2);
  await clock.advance(0);
  expect(await during(clock, 0, telemetry.shutdown())).toMatchObject({ delivered: 2 });
});

it('shutdown does not wait for an attempt that is due after its deadline', async () => {
  const { clock, server, telemetry, track } = client();
  server.script(status(503, { 'retry-after': '3600' }));
  track(2);
  const report = await during(clock, 0, telemetry.shutdown({ timeout: '5s' }));
  expect(report.dropped.shutdown).toBe(2);
});

it('a second shutdown is the first one; disposal is a shutdown', async () => {
  const { clock, telemetry, track } = client();
  track(1);
  const first = telemetry.shutdown();
  expect(telemetry.shutdown({ timeout: 1 })).toBe(first);
  await during(clock, 0, first);
  const other = client();
  other.track(1);
  await during(other.clock, 0, other.telemetry[Symbol.asyncDispose]());
  expect(other.telemetry.stats().delivered).toBe(1);
});

it('neither rejects, whatever it is given', async () => {
  const { clock, telemetry, track } = client();
  track(1);
  const nonsense = { timeout: 'soon', signal: 5 } as never;
  const hostile = new Proxy(
    {},
    {
      get: () => {
        throw new Error('no');
      },
    },
  );
  expect(await during(clock, 0, telemetry.flush(nonsense))).toMatchObject({
    pending: expect.any(Number),
  });
  expect(await during(clock, 0, telemetry.flush(hostile))).toMatchObject({
    pending: expect.any(Number),
  });
  expect(await during(clock, 10_000, telemetry.shutdown(nonsense))).toMatchObject({ pending: 0 });
});
