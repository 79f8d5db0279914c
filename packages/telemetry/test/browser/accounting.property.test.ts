import fc from 'fast-check';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { type BrowserTelemetry, createTelemetry } from '../../src/browser/index.ts';
import { defineEvents, type WireBatch } from '../../src/index.ts';
import { settled } from '../manual-clock.ts';
import { manualPage } from './manual-page.ts';

const events = defineEvents({ ping: z.object({ s: z.string() }) });

/** Another seed, or more runs: `FC_SEED=7 FC_RUNS=100000`. */
const seed = Number(process.env['FC_SEED'] ?? 20_260_301);
const numRuns = Number(process.env['FC_RUNS'] ?? 400);

const ANSWERS = [
  'ok',
  'mixed',
  'none',
  'page',
  '503',
  '429',
  '413',
  '400',
  'lost',
  'hang',
] as const;
const step = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('track' as const), n: fc.nat(120) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('hostile' as const), n: fc.nat(4) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('answer' as const), n: fc.nat(9) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      n: fc.constantFrom(0, 1, 40, 100, 700, 5_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('hide' as const, 'show' as const, 'leave' as const, 'keep' as const),
      n: fc.constant(0),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('flush' as const), n: fc.constantFrom(1, 5_000) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('consent' as const), n: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('shutdown' as const), n: fc.constant(50) }) },
);

const HOSTILE: readonly unknown[] = [
  { toJSON: () => raise() },
  new Proxy({}, { ownKeys: raise }),
  { s: 'x'.repeat(1_000) },
  { n: 1n },
  { s: '\0\uD800' },
];
function raise(): never {
  throw new Error('no');
}

function world(beacons: string) {
  const stored = new Set<string>();
  const open: { ids: string[]; resolve: (r: Response) => void; reject: (e: unknown) => void }[] =
    [];
  const manual = manualPage(
    (_url, init) =>
      new Promise((resolve, reject) => {
        const batch = JSON.parse(init.body as string) as WireBatch;
        const request = { ids: batch.events.map(({ id }) => id), resolve, reject };
        open.push(request);
        init.signal?.addEventListener('abort', () => {
          open.splice(open.indexOf(request), 1);
          reject(init.signal?.reason);
        });
      }),
    beacons !== 'absent',
  );
  let calls = 0;
  manual.onBeacon = () => {
    calls += 1;
    if (beacons === 'throws' || calls > 500) throw new Error('blocked');
    return beacons === 'true' || (beacons === 'some' && calls % 3 === 0);
  };
  const told = { count: 0 };
  const telemetry = createTelemetry<typeof events>({
    endpoint: '/t',
    key: 'k',
    page: manual.page,
    queue: { maxEvents: 12, maxBytes: 2_000, maxEventBytes: 300 },
    batch: { maxEvents: 4, maxBytes: 700, interval: 100 },
    retry: { initialDelay: 20, maxDelay: 200, budget: 2_000, maxRetryAfter: 500 },
    requestTimeout: 1_000,
    onDrop: ({ count }) => void (told.count += count),
  });
  const reply = (kind: string): void => {
    const request = kind === 'hang' ? undefined : open.shift();
    if (kind === 'lost') request?.reject(new TypeError('fetch failed'));
    else request?.resolve(responseFor(kind, request.ids, stored));
  };
  return { manual, telemetry, stored, told, reply };
}

function responseFor(kind: string, ids: readonly string[], stored: Set<string>): Response {
  const words = kind === 'mixed' ? ['ok', 'retry', 'drop', 'warning'] : ['ok'];
  if (kind === 'none') return Response.json({ results: {} });
  if (kind === 'page') return new Response('<html>');
  if (kind !== 'ok' && kind !== 'mixed') {
    const headers: Record<string, string> = kind === '429' ? { 'retry-after': '1' } : {};
    return new Response('', { status: Number(kind), headers });
  }
  const results = ids.map((id, index) => {
    const result = words[index % words.length] ?? 'ok';
    if (result === 'ok' || result === 'warning') stored.add(id);
    return [id, { result }];
  });
  return Response.json({ results: Object.fromEntries(results) });
}

const sum = (counts: object): number =>
  Object.values(counts).reduce((a: number, b: number) => a + b, 0);

function expectIdentity(
  telemetry: BrowserTelemetry<typeof events>,
  calls: { yes: number; no: number },
): void {
  const { accepted, delivered, pending, dropped, refused, bytes } = telemetry.stats();
  expect(accepted).toBe(delivered + pending + sum(dropped));
  expect(accepted).toBe(calls.yes);
  expect(sum(refused)).toBe(calls.no);
  expect(pending === 0).toBe(bytes === 0);
  expect(pending).toBeLessThanOrEqual(12);
  expect(bytes).toBeLessThanOrEqual(2_000);
}

it(
  `accepted = delivered + dropped + pending after every step (seed ${seed}, ${numRuns} schedules)`,
  async () => {
    const beacons = fc.constantFrom('true', 'false', 'some', 'throws', 'absent');
    const property = fc.asyncProperty(
      beacons,
      fc.array(step, { maxLength: 40 }),
      async (mode, steps) => {
        const { manual, telemetry, stored, told, reply } = world(mode);
        const calls = { yes: 0, no: 0 };
        const waits: Promise<unknown>[] = [];
        const track = (props: unknown): void =>
          void (telemetry.track('ping', props as never) ? (calls.yes += 1) : (calls.no += 1));
        for (const { do: action, n } of steps) {
          if (action === 'track') for (let i = 0; i <= n % 6; i += 1) track({ s: 'x'.repeat(n) });
          else if (action === 'hostile') track(HOSTILE[n]);
          else if (action === 'answer') reply(ANSWERS[n] ?? 'ok');
          else if (action === 'advance') await manual.clock.advance(n);
          else if (action === 'flush') waits.push(telemetry.flush({ timeout: n }));
          else if (action === 'consent')
            telemetry.consent((['granted', 'pending', 'denied'] as const)[n] ?? 'granted');
          else if (action === 'shutdown') waits.push(telemetry.shutdown({ timeout: n }));
          else if (action === 'leave') manual.leave();
          else if (action === 'keep') manual.leave(true);
          else manual[action]();
          expectIdentity(telemetry, calls);
          await settled();
          expectIdentity(telemetry, calls);
        }
        const ending = telemetry.shutdown({ timeout: 10 });
        await manual.clock.advance(6_000);
        const report = await ending;
        await Promise.all(waits);
        await manual.clock.advance(120_000);
        expectIdentity(telemetry, calls);
        const { delivered, dropped, refused } = telemetry.stats();
        expect(report.pending).toBe(0);
        expect(delivered).toBeLessThanOrEqual(stored.size);
        const { no_consent: _dropped, ...lost } = dropped;
        const { no_consent: _refused, before_send: _, sampled: __, ...bad } = refused;
        expect(told.count).toBe(sum(lost) + sum(bad));
        expect(manual.clock.delays).toEqual([]);
        expect(manual.listeners()).toEqual([]);
      },
    );
    await fc.assert(property, { seed, numRuns });
  },
  120_000 + numRuns * 20,
);
