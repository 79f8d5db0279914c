/* One client that tracks a burst of events and shuts down. The argument is a TrackJob. */
import { type BenchClient, createClient, type Told } from '../clients.ts';
import type { Contestant } from '../contestants.ts';
import { finish, jobOf } from '../program.ts';
import { type BenchProperties, propertiesOf } from '../properties.ts';

/** What to do. */
export interface TrackJob {
  readonly contestant: Contestant;
  readonly origin: string;
  /** In the burst. */
  readonly events: number;
  /** Before it, in portions that are flushed, so that the code is compiled. */
  readonly warmUp: number;
  /** Looks at the heap instead of the processor; needs `--expose-gc`. */
  readonly isHeap: boolean;
}

/** What it took. */
export interface TrackResult {
  /** Microseconds of this process, user and system, an event. */
  readonly trackUs: number;
  readonly totalUs: number;
  /** Of it making the properties, which an application does in any case. */
  readonly propertiesUs: number;
  /** Bytes an event, right after the burst and a full collection; not a number without `isHeap`. */
  readonly heapBytes: number;
  readonly told: Told;
}

const PORTION = 500;

async function warmUp(client: BenchClient, events: number, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    client.track(events + n);
    if (n % PORTION === PORTION - 1) await client.flush();
  }
  await client.flush();
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function propertiesCost(count: number): number {
  const made: BenchProperties[] = [];
  const before = cpuUs();
  for (let n = 0; n < count; n += 1) made[n % PORTION] = propertiesOf(n);
  return (cpuUs() - before) / count;
}

function heap(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const { contestant, origin, events, warmUp: before, isHeap } = jobOf() as TrackJob;
const client = await createClient(contestant, origin);
await warmUp(client, events, before);
const heapBefore = isHeap ? heap() : Number.NaN;
const from = cpuUs();
for (let n = 0; n < events; n += 1) client.track(n);
const tracked = cpuUs();
const heapAfter = isHeap ? heap() : Number.NaN;
await client.shutdown(120_000);
const totalUs = (cpuUs() - from) / events;
finish({
  trackUs: (tracked - from) / events,
  totalUs,
  propertiesUs: propertiesCost(events),
  heapBytes: (heapAfter - heapBefore) / events,
  told: client.told(),
} satisfies TrackResult);
