import fc from 'fast-check';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { defineEvents, type WireBatch } from '../../src/index.ts';
import { createTelemetry, type Telemetry } from '../../src/node/index.ts';
import { manualClock, settled } from '../manual-clock.ts';

const events = defineEvents({ ping: z.object({ s: z.string() }) });

/** Another seed, or more runs: `FC_SEED=7 FC_RUNS=100000`. */
const seed = Number(process.env['FC_SEED'] ?? 20_260_301);
const numRuns = Number(process.env['FC_RUNS'] ?? 1_500);

const answer = fc.constantFrom(
  'ok',
  'mixed',
  'none',
  'page',
  '503',
  '503-later',
  '429-date',
  '413',
  '400',
  '401',
  'lost',
  'hang',
);
const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('track' as const),
      size: fc.nat(120),
      count: fc.nat(6),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('hostile' as const), kind: fc.nat(4) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('answer' as const), answer }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      ms: fc.constantFrom(0, 1, 40, 100, 700, 5_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('flush' as const), ms: fc.constantFrom(1, 200, 5_000) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('shutdown' as const),
      ms: fc.constantFrom(0, 50, 1_000),
    }),
  },
);
const limits = fc.record({
  queueEvents: fc.integer({ min: 1, max: 12 }),
  queueBytes: fc.integer({ min: 200, max: 2_000 }),
  batchEvents: fc.integer({ min: 1, max: 4 }),
});

function world(options: { queueEvents: number; queueBytes: number; batchEvents: number }) {
  const clock = manualClock();
  /** Ids that the server said it has stored. */
  const stored = new Set<string>();
  const requests: { ids: string[]; resolve: (r: Response) => void; reject: (e: Error) => void }[] =
    [];
  const told = { count: 0 };
  let mostRequests = 0;
  const telemetry = createTelemetry<typeof events>({
    endpoint: 'http://127.0.0.1:9/',
    key: 'k',
    clock,
    random: () => 0.5,
    queue: { maxEvents: options.queueEvents, maxBytes: options.queueBytes, maxEventBytes: 300 },
    batch: { maxEvents: options.batchEvents, maxBytes: 700, interval: 100 },
    retry: { initialDelay: 20, maxDelay: 200, budget: 2_000, maxRetryAfter: 500 },
    requestTimeout: 1_000,
    logger: { warn: () => {} },
    onDrop: ({ count, events: lost }) => {
      told.count += count;
      expect(lost.length).toBeLessThanOrEqual(count);
    },
    fetch: (_input, init) =>
      new Promise((resolve, reject) => {
        const batch = JSON.parse(init?.body as string) as WireBatch;
        const request = { ids: batch.events.map(({ id }) => id), resolve, reject };
        requests.push(request);
        mostRequests = Math.max(mostRequests, requests.length);
        const { signal } = init ?? {};
        signal?.addEventListener('abort', () => {
          requests.splice(requests.indexOf(request), 1);
          reject(signal.reason as Error);
        });
      }),
  });
  const reply = (kind: string): void => {
    if (kind === 'hang') return;
    const request = requests.shift();
    if (request === undefined) return;
    if (kind === 'lost') request.reject(new TypeError('fetch failed'));
    else request.resolve(responseFor(kind, request.ids, stored, clock.now()));
  };
  return { clock, telemetry, reply, stored, told, mostRequests: () => mostRequests };
}

function responseFor(kind: string, ids: string[], stored: Set<string>, now: number): Response {
  const words = kind === 'mixed' ? ['ok', 'retry', 'drop', 'warning'] : ['ok'];
  if (kind === 'ok' || kind === 'mixed') {
    const results = ids.map((id, index) => {
      const result = words[index % words.length] ?? 'ok';
      if (result === 'ok' || result === 'warning') stored.add(id);
      return [id, { result }];
    });
    return Response.json({ results: Object.fromEntries(results) });
  }
  if (kind === 'none') return Response.json({ results: {} });
  if (kind === 'page') return new Response('<html>');
  const headers = new Headers();
  if (kind === '503-later') headers.set('retry-after', '1');
  if (kind === '429-date') headers.set('retry-after', new Date(now + 1_000).toUTCString());
  return new Response('', { status: Number(kind.slice(0, 3)), headers });
}

const HOSTILE: readonly unknown[] = [
  {
    toJSON: () => {
      throw new Error('no');
    },
  },
  new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error('no');
      },
    },
  ),
  { s: 'x'.repeat(1_000) },
  { n: 1n },
  () => 1,
];

function checkIdentity(
  telemetry: Telemetry<typeof events>,
  calls: { yes: number; no: number },
): void {
  const { accepted, delivered, pending, dropped, refused, bytes } = telemetry.stats();
  const sum = (counts: object): number =>
    Object.values(counts).reduce((a: number, b: number) => a + b, 0);
  expect(accepted).toBe(delivered + pending + sum(dropped));
  expect(accepted).toBe(calls.yes);
  expect(sum(refused)).toBe(calls.no);
  expect(pending === 0).toBe(bytes === 0);
}

it(
  `accepted = delivered + dropped + pending after every step (seed ${seed}, ${numRuns} schedules)`,
  async () => {
    const property = fc.asyncProperty(
      limits,
      fc.array(step, { maxLength: 40 }),
      async (options, steps) => {
        const { clock, telemetry, reply, stored, told, mostRequests } = world(options);
        const calls = { yes: 0, no: 0 };
        const controller = new AbortController();
        const count = (isAccepted: boolean): void =>
          void (isAccepted ? (calls.yes += 1) : (calls.no += 1));
        const waiting: Promise<unknown>[] = [];
        for (const one of steps) {
          if (one.do === 'track') {
            for (let i = 0; i <= one.count; i += 1) {
              count(telemetry.track('ping', { s: 'x'.repeat(one.size) }));
              checkIdentity(telemetry, calls);
            }
          } else if (one.do === 'hostile')
            count(telemetry.track('ping', HOSTILE[one.kind] as never));
          else if (one.do === 'answer') reply(one.answer);
          else if (one.do === 'advance') await clock.advance(one.ms);
          else if (one.do === 'abort') controller.abort();
          else if (one.do === 'flush')
            waiting.push(telemetry.flush({ timeout: one.ms, signal: controller.signal }));
          else waiting.push(telemetry.shutdown({ timeout: one.ms }));
          checkIdentity(telemetry, calls);
          await settled();
          checkIdentity(telemetry, calls);
          const { pending, bytes } = telemetry.stats();
          expect(pending).toBeLessThanOrEqual(options.queueEvents);
          expect(bytes).toBeLessThanOrEqual(options.queueBytes);
        }
        const ending = telemetry.shutdown({ timeout: 10 });
        await clock.advance(6_000);
        const report = await ending;
        await Promise.all(waiting);
        await clock.advance(1);
        checkIdentity(telemetry, calls);
        const { delivered, dropped, refused } = telemetry.stats();
        expect(report.pending).toBe(0);
        expect(delivered).toBe(stored.size);
        const lost = Object.values({ ...dropped }).concat(Object.values({ ...refused }));
        expect(told.count).toBe(lost.reduce((a, b) => a + b, 0));
        expect(mostRequests()).toBeLessThanOrEqual(1);
        expect(clock.delays).toEqual([]);
      },
    );
    await fc.assert(property, { seed, numRuns });
  },
  120_000 + numRuns * 20,
);
