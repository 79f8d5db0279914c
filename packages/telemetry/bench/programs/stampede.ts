/* Reads of one widget by many at once, in a process of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@ops/timeout';
import { LRUCache } from 'lru-cache';
import { createDashboardData } from '../../src/dashboard/index.ts';
import { finish, jobOf } from '../program.ts';

/** What to do. */
export interface StampedeJob {
  readonly readers: number;
  /** Of the hits that are timed. */
  readonly hits: number;
}

/** What one crowd of readers saw. */
export interface Crowd {
  readonly loads: number;
  /** Until the last of them had an answer. */
  readonly ms: number;
  readonly stale: number;
  readonly failed: number;
}

/** What was measured. */
export interface StampedeResult {
  readonly cold: Crowd;
  /** Expired, within `staleFor`. */
  readonly stale: Crowd;
  /** Expired, beyond `staleFor`. */
  readonly gone: Crowd;
  /** The loader fails: a crowd, and another at once after it. */
  readonly failing: Crowd;
  readonly backingOff: Crowd;
  /** CPU microseconds of an awaited read that finds a current answer. */
  readonly hitUs: number;
  /** Of an awaited `fetch` of lru-cache alone. */
  readonly lruUs: number;
}

const LOAD_MS = 50;
const MINUTE_MS = 60_000;
const { readers, hits } = jobOf() as StampedeJob;
/** Set forward instead of waiting. */
let skippedMs = 0;
let loads = 0;
let isDown = false;

const dashboard = createDashboardData({
  // No widget here reads a rollup.
  metrics: { rollups: [], queryMany: unused, watermark: unused },
  widgets: {
    slow: {
      async load({ id }: { readonly id: number }) {
        loads += 1;
        await sleep(LOAD_MS);
        if (isDown) throw new Error('the database is away');
        return { id, loads };
      },
    },
  },
  cache: { ttl: '30s', staleFor: '10m' },
  clock: {
    ...systemClock,
    now: () => Date.now() + skippedMs,
    monotonic: () => performance.now() + skippedMs,
  },
});

function unused(): Promise<never> {
  return Promise.reject(new Error('no rollup is read here'));
}

async function crowd(): Promise<Crowd> {
  const before = loads;
  const startedAt = performance.now();
  const answers = await Promise.allSettled(
    Array.from({ length: readers }, () => dashboard.read('slow', { id: 1 })),
  );
  const ms = performance.now() - startedAt;
  // What was begun in the background comes to its end.
  await sleep(LOAD_MS * 3);
  const given = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  return {
    loads: loads - before,
    ms,
    stale: given.filter(({ isStale }) => isStale).length,
    failed: readers - given.length,
  };
}

async function cpuUsOf(read: () => Promise<unknown>): Promise<number> {
  for (let at = 0; at < hits / 10; at += 1) await read();
  const from = process.cpuUsage();
  for (let at = 0; at < hits; at += 1) await read();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / hits;
}

const cold = await crowd();
const hitUs = await cpuUsOf(() => dashboard.read('slow', { id: 1 }));
skippedMs += MINUTE_MS;
const stale = await crowd();
skippedMs += 60 * MINUTE_MS;
const gone = await crowd();
skippedMs += 60 * MINUTE_MS;
isDown = true;
const failing = await crowd();
const backingOff = await crowd();
await dashboard.close();
const cache = new LRUCache<string, { readonly id: number }>({
  max: 500,
  ttl: 30_000,
  fetchMethod: () => Promise.resolve({ id: 1 }),
});
await cache.fetch('slow');
const lruUs = await cpuUsOf(() => cache.fetch('slow'));
finish({ cold, stale, gone, failing, backingOff, hitUs, lruUs } satisfies StampedeResult);
