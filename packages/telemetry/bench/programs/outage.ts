/* One client that tracks events at a steady rate for some seconds and shuts down. */
import { createClient, type Told } from '../clients.ts';
import type { Contestant } from '../contestants.ts';
import { finish, jobOf } from '../program.ts';

/** What to do. */
export interface OutageJob {
  readonly contestant: Contestant;
  readonly origin: string;
  readonly seconds: number;
  readonly perSecond: number;
}

/** What became of it, as far as the client knows. */
export interface OutageResult {
  readonly tracked: number;
  readonly told: Told;
  /** Of heap and buffers, seen every 100 ms without a collection. */
  readonly peakMb: number;
  readonly cpuMs: number;
  readonly shutdownMs: number;
}

const { contestant, origin, seconds, perSecond } = jobOf() as OutageJob;
// What libraries print of failures is theirs to print; the table has the counts.
console.error = () => {};
console.warn = () => {};
const client = await createClient(contestant, origin);
const total = seconds * perSecond;
let tracked = 0;
let peakBytes = 0;
const look = setInterval(() => {
  const { heapUsed, external } = process.memoryUsage();
  peakBytes = Math.max(peakBytes, heapUsed + external);
}, 100);
const startedAt = performance.now();
await new Promise<void>((resolve) => {
  const pace = setInterval(() => {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1_000) * perSecond));
    for (; tracked < due; tracked += 1) client.track(tracked);
    if (tracked < total) return;
    clearInterval(pace);
    resolve();
  }, 5);
  process.send?.('begins');
});
const endedAt = performance.now();
await client.shutdown(45_000);
clearInterval(look);
const { user, system } = process.cpuUsage();
finish({
  tracked,
  told: client.told(),
  peakMb: peakBytes / 1_000_000,
  cpuMs: (user + system) / 1_000,
  shutdownMs: performance.now() - endedAt,
} satisfies OutageResult);
