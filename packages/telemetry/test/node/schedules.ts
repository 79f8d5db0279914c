import fc from 'fast-check';
import { expect } from 'vitest';
import * as z from 'zod';
import { defineEvents, type WireBatch } from '../../src/index.ts';
import {
  type BeforeSend,
  type ConsentState,
  createTelemetry,
  type LossReason,
  type OverflowPolicy,
  type Telemetry,
} from '../../src/node/index.ts';
import { manualClock } from '../manual-clock.ts';

const events = defineEvents({ ping: z.object({ s: z.string() }) });

/** Another one: `FC_SEED=7`. */
export const seed: number = Number(process.env['FC_SEED'] ?? 20_260_301);

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
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('consent' as const),
      state: fc.constantFrom<ConsentState>('granted', 'granted', 'pending', 'denied'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('ready' as const), ms: fc.nat(300) }) },
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
  overflow: fc.constantFrom<OverflowPolicy>('drop-oldest', 'drop-newest'),
  sample: fc.constantFrom(1, 1, 0.5, 0),
  consent: fc.constantFrom<ConsentState>('granted', 'granted', 'pending', 'denied'),
  reviewer: fc.constantFrom('none', 'none', 'same', 'moody'),
});
type Limits = typeof limits extends fc.Arbitrary<infer T> ? T : never;

/** Lets promises settle; nothing here waits for a thread. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function world(options: Limits) {
  const clock = manualClock();
  /** Ids that the server said it has stored. */
  const stored = new Set<string>();
  const requests: { ids: string[]; resolve: (r: Response) => void; reject: (e: Error) => void }[] =
    [];
  const told = { count: 0 };
  /** As a server counts what it is told: each report once. */
  const reported = new Map<string, Readonly<Record<string, number>>>();
  let mostRequests = 0;
  const telemetry = createTelemetry<typeof events>({
    endpoint: 'http://127.0.0.1:9/',
    key: 'k',
    clock,
    random: () => 0.5,
    sample: options.sample,
    consent: options.consent,
    redact: ['password'],
    ...(options.reviewer !== 'none' && { beforeSend: reviewer(options.reviewer) }),
    queue: {
      maxEvents: options.queueEvents,
      maxBytes: options.queueBytes,
      maxEventBytes: 300,
      overflow: options.overflow,
    },
    batch: { maxEvents: options.batchEvents, maxBytes: 700, interval: 100, gzipFrom: false },
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
        if (batch.lostId !== undefined && batch.lost !== undefined) {
          // Whatever carries an id carries the same counts.
          expect(reported.get(batch.lostId) ?? batch.lost).toEqual(batch.lost);
          reported.set(batch.lostId, batch.lost);
        }
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
  return { clock, telemetry, reply, stored, told, reported, mostRequests: () => mostRequests };
}

/** Every fourth event it leaves out, throws at, or answers with nonsense. */
function reviewer(mood: string): BeforeSend {
  let count = 0;
  return (event) => {
    count += 1;
    if (mood === 'same' || count % 4 !== 0) return event;
    if (count % 3 === 0) return null;
    if (count % 3 === 1) throw new Error('no');
    return undefined as never;
  };
}

const NOT_TOLD: readonly LossReason[] = ['sampled', 'before_send', 'no_consent'];

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

/** Without `expect`, which would take most of the time of a million checks. */
function checkIdentity(
  telemetry: Telemetry<typeof events>,
  calls: { yes: number; no: number },
  options: Limits,
): void {
  const stats = telemetry.stats();
  const { accepted, delivered, pending, dropped, refused, bytes } = stats;
  const holds =
    accepted === delivered + pending + sum(dropped) &&
    accepted === calls.yes &&
    sum(refused) === calls.no &&
    (pending === 0) === (bytes === 0) &&
    pending <= options.queueEvents &&
    bytes <= options.queueBytes;
  if (!holds) throw new Error(`The books do not add up: ${JSON.stringify({ stats, calls })}`);
}

function sum(counts: Readonly<Record<string, number>>): number {
  let total = 0;
  for (const key in counts) total += counts[key] ?? 0;
  return total;
}

/** Of one object of counts by reason, what is a loss and not what was asked for. */
const losses = (counts: Readonly<Record<string, number>>): number =>
  sum(counts) - NOT_TOLD.reduce((total, reason) => total + (counts[reason] ?? 0), 0);

async function runSchedule(
  options: Limits,
  steps: readonly Step[],
  seen: Set<string>,
): Promise<void> {
  const { clock, telemetry, reply, stored, told, reported, mostRequests } = world(options);
  const calls = { yes: 0, no: 0 };
  const controller = new AbortController();
  const count = (isAccepted: boolean): void =>
    void (isAccepted ? (calls.yes += 1) : (calls.no += 1));
  const waiting: Promise<unknown>[] = [];
  for (const one of steps) {
    if (one.do === 'track') {
      for (let i = 0; i <= one.count; i += 1) {
        count(telemetry.track('ping', { s: 'x'.repeat(one.size) }));
        checkIdentity(telemetry, calls, options);
      }
    } else if (one.do === 'hostile') count(telemetry.track('ping', HOSTILE[one.kind] as never));
    else if (one.do === 'answer') reply(one.answer);
    else if (one.do === 'advance') await clock.advance(one.ms);
    else if (one.do === 'abort') controller.abort();
    else if (one.do === 'consent') telemetry.consent(one.state);
    else if (one.do === 'ready') waiting.push(telemetry.ready({ timeout: one.ms }));
    else if (one.do === 'flush')
      waiting.push(telemetry.flush({ timeout: one.ms, signal: controller.signal }));
    else waiting.push(telemetry.shutdown({ timeout: one.ms }));
    checkIdentity(telemetry, calls, options);
    await settled();
    checkIdentity(telemetry, calls, options);
  }
  const ending = telemetry.shutdown({ timeout: 10 });
  await clock.advance(6_000);
  const report = await ending;
  await Promise.all(waiting);
  await clock.advance(1);
  checkIdentity(telemetry, calls, options);
  const { delivered, dropped, refused } = telemetry.stats();
  expect(report.pending).toBe(0);
  // What was stored by a request that a denial or the shutdown aborted was dropped here.
  expect(delivered).toBeLessThanOrEqual(stored.size);
  expect(delivered).toBeGreaterThanOrEqual(stored.size - dropped.no_consent - dropped.shutdown);
  const lost = losses(dropped) + losses(refused);
  if (delivered > 0) seen.add('delivered');
  for (const [fate, counts] of Object.entries({ dropped, refused })) {
    for (const [reason, n] of Object.entries(counts)) if (n > 0) seen.add(`${fate} ${reason}`);
  }
  expect(told.count).toBe(lost);
  const reportedCount = [...reported.values()].reduce((total, counts) => total + sum(counts), 0);
  expect(reportedCount).toBeLessThanOrEqual(lost);
  expect([...reported.values()].flatMap(Object.keys)).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/sampled|before_send|no_consent/)]),
  );
  expect(mostRequests()).toBeLessThanOrEqual(1);
  expect(clock.delays).toEqual([]);
}

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Checks the books after every step of so many random schedules, and tells which fates events had. */
export async function checkSchedules(numRuns: number, salt = 0): Promise<ReadonlySet<string>> {
  const seen = new Set<string>();
  const schedule = fc.tuple(limits, fc.array(step, { maxLength: 40 }));
  const property = fc.asyncProperty(schedule, ([options, steps]) =>
    runSchedule(options, steps, seen),
  );
  await fc.assert(property, { seed: seed + salt, numRuns });
  return seen;
}

/** All that there are, but `refused reentrant`, which no step brings about. */
export const FATES: readonly string[] = [
  'delivered',
  'dropped no_consent',
  'dropped queue_overflow',
  'dropped rejected',
  'dropped retry_budget',
  'dropped shutdown',
  'dropped too_large',
  'refused before_send',
  'refused callback_error',
  'refused closed',
  'refused no_consent',
  'refused queue_overflow',
  'refused sampled',
  'refused too_large',
  'refused unserializable',
];
