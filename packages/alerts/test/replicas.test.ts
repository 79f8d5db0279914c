import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Alert,
  failures,
  type Notification,
  type Route,
  type Rule,
  spike,
} from '../src/index.ts';
import { WALL_START } from './manual-clock.ts';
import { type Cluster, createCluster, type Mood } from './replicas/cluster.ts';

/** Counts what it is given, and never alerts: what is counted must be what was reported. */
const counter: Rule<number> = {
  kind: 'counter',
  severities: ['low'],
  forMs: 0,
  keepFiringForMs: 0,
  announcesEnd: false,
  lookbackMs: 0,
  maxSeriesCount: 1,
  needsFingerprints: false,
  startsAlone: false,
  runbook: null,
  keyOf: (event) => (event.type === 'error' ? '' : undefined),
  labelsOf: () => ({}),
  init: () => 0,
  on: (state, event) => state + event.count,
  evaluate: (state) => ({
    status: 'clear',
    value: state,
    limit: null,
    why: `${state} events`,
    nextMs: undefined,
  }),
};

const rules: Readonly<Record<string, Rule>> = {
  counter,
  burst: spike({
    over: 5,
    within: '30s',
    clearBelow: 3,
    keepFiringFor: '10s',
    severity: { medium: 5, critical: 12 },
  }),
  partners: failures({
    by: 'integration',
    consecutive: 3,
    keepFiringFor: '10s',
    severity: 'medium',
  }),
};

const routes: readonly Route<'ops' | 'pager'>[] = [
  { match: { severity: 'critical' }, to: ['pager', 'ops'], repeat: '1m' },
  { to: ['ops'], repeat: '5m' },
];

interface Act {
  readonly gapMs: number;
  readonly replica: number;
  readonly what: 'errors' | 'failures' | 'successes' | 'silence' | 'outage' | 'kill';
  readonly size: number;
}

const act = (whats: readonly Act['what'][]): fc.Arbitrary<Act> =>
  fc.record({
    gapMs: fc.integer({ min: 0, max: 15_000 }),
    replica: fc.nat({ max: 3 }),
    what: fc.constantFrom(...whats),
    size: fc.integer({ min: 1, max: 9 }),
  });

interface Timeline {
  readonly count: number;
  readonly seed: number;
  readonly lossShare: number;
  readonly maxDelayMs: number;
  readonly moods: readonly Mood[];
  readonly acts: readonly Act[];
}

function timelines(
  whats: readonly Act['what'][],
  moods: readonly Mood[],
  most: { readonly lossShare: number },
): fc.Arbitrary<Timeline> {
  return fc.record({
    count: fc.integer({ min: 1, max: 4 }),
    seed: fc.integer({ min: 1, max: 1e9 }),
    lossShare: fc.double({ min: 0, max: most.lossShare, noNaN: true }),
    maxDelayMs: fc.constantFrom(0, 5, 300),
    moods: fc.array(fc.constantFrom(...moods), { maxLength: 30 }),
    acts: fc.array(act(whats), { minLength: 5, maxLength: 40 }),
  });
}

/** Mulberry32: all chance in a run comes from its seed, which fast-check prints. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Played {
  readonly cluster: Cluster;
  readonly reportedCount: number;
  /** By replicas that were killed, in their last second and a half or while cut off. */
  readonly doubtfulCount: number;
  readonly silences: readonly { readonly fromMs: number; readonly toMs: number }[];
  readonly alerts: readonly Alert[];
}

async function play(timeline: Timeline): Promise<Played> {
  const { count, acts, moods, lossShare, maxDelayMs } = timeline;
  const random = randomOf(timeline.seed);
  const left = [...moods];
  const mood = (): Mood => left.shift() ?? 'takes';
  const cluster = createCluster({ count, random, rules, routes, mood, lossShare, maxDelayMs });
  const { clock, replicas } = cluster;
  let reportedCount = 0;
  let doubtfulCount = 0;
  const recent: { readonly atMs: number; readonly replica: number; readonly size: number }[] = [];
  const silences: { fromMs: number; toMs: number }[] = [];
  const outUntilMs = new Map<number, number>();
  const cutOffMs = new Map<number, number>();
  for (const { gapMs, replica: wanted, what, size } of acts) {
    await clock.advance(gapMs);
    for (const [index, untilMs] of outUntilMs) {
      const one = replicas[index];
      if (one && clock.monotonic() >= untilMs) one.weather.isOut = false;
    }
    const alive = replicas.filter(({ weather }) => !weather.isDead);
    const replica = alive[wanted % alive.length];
    if (replica === undefined) continue;
    const index = replicas.indexOf(replica);
    const { alerts, weather } = replica;
    switch (what) {
      case 'errors':
        for (let at = 0; at < size; at += 1) alerts.error(new Error(`boom ${at}`));
        reportedCount += size;
        recent.push({ atMs: clock.monotonic(), replica: index, size });
        break;
      case 'failures':
        for (let at = 0; at < Math.min(size, 4); at += 1) {
          alerts.failure(new Error('refused'), { integration: size > 5 ? 'wave' : 'shopify' });
        }
        break;
      case 'successes':
        alerts.success({ integration: size > 5 ? 'wave' : 'shopify' });
        break;
      case 'silence': {
        const forMs = size * 5_000;
        const by = { by: 'test', reason: 'noise' };
        const made = alerts.silence({ match: { rule: 'burst' }, for: forMs, ...by });
        // Answers may be lost: it then holds or does not.
        made.catch(() => {});
        silences.push({ fromMs: clock.monotonic(), toMs: clock.monotonic() + forMs + 2_000 });
        break;
      }
      case 'outage':
        weather.isOut = true;
        cutOffMs.set(index, Math.min(cutOffMs.get(index) ?? Infinity, clock.monotonic()));
        outUntilMs.set(index, clock.monotonic() + size * 3_000);
        break;
      case 'kill':
        if (alive.length === 1) break;
        replica.kill();
        doubtfulCount += recent
          .filter((one) => one.replica === index)
          // Cut off, it may have stored nothing since; after that it took some seconds to come back.
          .filter(
            ({ atMs }) =>
              atMs > Math.min(clock.monotonic(), cutOffMs.get(index) ?? Infinity) - 20_000,
          )
          .reduce((sum, one) => sum + one.size, 0);
        break;
    }
  }
  for (const { weather } of replicas) {
    weather.isOut = false;
    weather.lossShare = 0;
  }
  // Consecutive failures end with a success.
  await clock.advance(20_000);
  const last = replicas.find(({ weather }) => !weather.isDead);
  for (const integration of ['shopify', 'wave']) last?.alerts.success({ integration });
  await clock.advance(600_000);
  const alerts = await cluster.store.history({ sinceMs: 0, limitCount: 1_000 });
  return { cluster, reportedCount, doubtfulCount, silences, alerts };
}

async function countedOf({ store }: Cluster): Promise<number> {
  const [document] = await store.list('s:counter/', 1);
  const value = document?.value as { series?: { state?: number } } | undefined;
  return value?.series?.state ?? 0;
}

const LETTERS: Readonly<Record<string, string>> = {
  firing: 'F',
  escalated: 'E',
  repeat: 'e',
  resolved: 'R',
  'fired-and-resolved': 'X',
  acknowledged: 'a',
};

/** For each channel and alert, what was delivered of it, in order, each message once. */
function deliveredOf({ told }: Cluster): ReadonlyMap<string, string> {
  const letters = new Map<string, string>();
  const seen = new Set<string>();
  for (const { event } of told) {
    if (event.type !== 'delivered' || seen.has(event.message.id)) continue;
    seen.add(event.message.id);
    const letter = LETTERS[event.message.kind];
    if (letter === undefined) continue;
    for (const id of event.message.alertIds) {
      const key = `${event.channel} ${id}`;
      letters.set(key, (letters.get(key) ?? '') + letter);
    }
  }
  return letters;
}

function checkTransitions({ cluster, alerts }: Played): void {
  const steps = cluster.told.flatMap(({ event }) =>
    event.type === 'transition' && !event.alert.degraded
      ? [`${event.alert.id} ${event.from}>${event.to} ${event.at}`]
      : [],
  );
  expect(new Set(steps).size).toBe(steps.length);
  const starts = steps.filter((step) => / (?:ok|pending|no-data)>firing /.test(step));
  const ids = starts.map((step) => step.split(' ')[0]);
  expect(new Set(ids).size).toBe(ids.length);
  const epochs = Map.groupBy(alerts, ({ rule, key }) => `${rule}/${key}`);
  for (const [, all] of epochs) {
    const numbers = all.map(({ epoch }) => epoch).toSorted((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  }
  // All is quiet by now, and every alert has come to its end.
  expect(alerts.filter(({ endedAt }) => endedAt === null)).toEqual([]);
}

/** Attempts of one channel, by all replicas; the network may bring two closer by its own delays. */
function checkRate({ cluster }: Played, maxDelayMs: number): void {
  for (const channel of ['ops', 'pager']) {
    const times = cluster.arrivals
      .filter((one) => one.channel === channel && !one.notification.degraded)
      .map(({ atMs }) => atMs);
    const gaps = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));
    expect(Math.min(...gaps, Infinity)).toBeGreaterThanOrEqual(1_000 - 2 * maxDelayMs);
    const counts = times.map(
      (atMs) => times.filter((one) => one > atMs - 10_000 && one <= atMs).length,
    );
    expect(Math.max(...counts, 0)).toBeLessThanOrEqual(10 + 1);
  }
}

function checkBodies({ cluster }: Played): void {
  const bodies = new Map<string, string>();
  const isSame = (one: Notification): boolean => {
    const body = JSON.stringify(one);
    const isNew = !bodies.has(one.id);
    if (isNew) bodies.set(one.id, body);
    return bodies.get(one.id) === body;
  };
  expect(cluster.arrivals.filter(({ notification }) => !isSame(notification))).toEqual([]);
}

async function nothingWaits({ cluster }: Played): Promise<void> {
  for (const channel of ['ops', 'pager']) {
    expect(await cluster.store.waiting(channel, 10)).toEqual([]);
  }
}

/** Alerts that no silence has to do with. */
function loudOf({ alerts, silences }: Played): readonly Alert[] {
  return alerts.filter(({ startedAt, endedAt }) => {
    const fromMs = Date.parse(startedAt) - WALL_START;
    const toMs = Date.parse(endedAt ?? '') - WALL_START;
    return !silences.some(
      (silence) => silence.fromMs <= toMs + 2_000 && silence.toMs >= fromMs - 2_000,
    );
  });
}

const CALM: readonly Mood[] = ['takes', 'takes', 'fails', 'busy', 'hangs'];

describe('replicas over one store', () => {
  it('count each event once, make each step once, and tell each channel in order, whatever answers are lost', async () => {
    const all = timelines(['errors', 'errors', 'failures', 'successes', 'silence'], CALM, {
      lossShare: 0.1,
    });
    await fc.assert(
      fc.asyncProperty(all, async (timeline) => {
        const played = await play(timeline);
        const { cluster, reportedCount } = played;
        expect(await countedOf(cluster)).toBe(reportedCount);
        checkTransitions(played);
        checkRate(played, timeline.maxDelayMs);
        checkBodies(played);
        await nothingWaits(played);
        const letters = deliveredOf(cluster);
        const isDegraded = cluster.told.some(({ event }) => event.type === 'store-lost');
        // What was told alone may be told again by the others: it says so.
        const sequences = isDegraded ? [] : [...letters.values()];
        expect(sequences.filter((one) => !/^(?:F[Ee]*R|X)$/.test(one))).toEqual([]);
        const loud = isDegraded ? [] : loudOf(played);
        expect(loud.filter(({ id }) => !letters.has(`ops ${id}`))).toEqual([]);
        await cluster.close();
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it('lose nothing but the last second of one that is killed, and go on alone when the store is away', async () => {
    const whats = ['errors', 'errors', 'failures', 'successes', 'outage', 'kill'] as const;
    await fc.assert(
      fc.asyncProperty(
        timelines(whats, [...CALM, 'arrives but fails'], { lossShare: 0.05 }),
        async (timeline) => {
          const played = await play(timeline);
          const { cluster, reportedCount, doubtfulCount } = played;
          const counted = await countedOf(cluster);
          expect(counted).toBeLessThanOrEqual(reportedCount);
          expect(counted).toBeGreaterThanOrEqual(reportedCount - doubtfulCount);
          checkTransitions(played);
          checkRate(played, timeline.maxDelayMs);
          await nothingWaits(played);
          const told = new Set(
            cluster.arrivals.flatMap(({ notification, channel }) =>
              [...notification.firing, ...notification.resolved].map(
                ({ id }) => `${channel} ${id}`,
              ),
            ),
          );
          for (const { id } of played.alerts) expect(told.has(`ops ${id}`)).toBe(true);
          await cluster.close();
        },
      ),
      { numRuns: 25 },
    );
  }, 60_000);

  it('deliver everything when a channel comes back after an hour, in order and at its rate', async () => {
    const isDown = (atMs: number): boolean => atMs > 10_000 && atMs < 3_610_000;
    const cluster = createCluster({
      count: 3,
      random: randomOf(7),
      rules,
      routes,
      mood: (channel, atMs) => (channel === 'ops' && isDown(atMs) ? 'fails' : 'takes'),
      lossShare: 0.02,
      maxDelayMs: 100,
    });
    const { clock, replicas, told, store } = cluster;
    await clock.advance(15_000);
    for (let round = 0; round < 20; round += 1) {
      for (let count = 0; count < 15; count += 1) {
        replicas[count % 3]?.alerts.error(new Error('boom'));
      }
      await clock.advance(120_000);
    }
    await clock.advance(3_600_000);
    expect(await store.waiting('ops', 10)).toEqual([]);
    const alerts = await store.history({ sinceMs: 0, limitCount: 100 });
    expect(alerts).toHaveLength(20);
    const known = new Set(
      told.flatMap(({ event }) =>
        event.type === 'delivered' && event.channel === 'ops' ? event.message.alertIds : [],
      ),
    );
    expect(alerts.filter(({ id }) => !known.has(id))).toEqual([]);
    // The other channel did not wait for it.
    const sequences = [...deliveredOf(cluster)].filter(([key]) => key.startsWith('pager'));
    expect(sequences).toHaveLength(20);
    expect(sequences.filter(([, one]) => !/^(?:F[Ee]*R|X)$/.test(one))).toEqual([]);
    await cluster.close();
  });
});
