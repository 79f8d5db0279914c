/* One cleanup in a process of its own. The argument is a CleanJob as JSON; sends what it measured. */
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import pg from 'pg';
import {
  createCleanup,
  ensureTables,
  type Pace,
  type PolicyReport,
  toFiles,
  toTable,
  walRate,
} from '../../src/index.ts';
import { costOf, type SessionCost } from '../session-cost.ts';
import type { Expired } from '../tables.ts';

/** What to clean up. */
export interface CleanJob {
  readonly url: string;
  readonly expired: Expired;
  readonly archive: 'table' | 'ndjson.gz' | 'ndjson.zst' | undefined;
  /** For archive files. */
  readonly directory: string;
  readonly pace: Pace;
  /** 0: no limit. */
  readonly seconds: number;
  /** Bytes a second. */
  readonly walBudget: number | undefined;
}

/** What it took. */
export interface CleanResult {
  readonly runId: string;
  /** Of `run()`, which looks at the tables first as always. */
  readonly ms: number;
  readonly stopped: PolicyReport['stopped'];
  readonly deleted: number;
  readonly archived: number;
  readonly walk: string;
  readonly batches: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** What this process and its server processes took, user and system. */
  readonly cpuMs: number;
  /** What this process took of that. */
  readonly clientCpuMs: number;
  /** What its sessions wrote. */
  readonly walBytes: number;
  /** Of the whole server meanwhile. */
  readonly serverWalBytes: number;
  /** When a tenth of the rows, half of them, and all were gone. */
  readonly memory: readonly Memory[];
  readonly peakRssMb: number;
  readonly problem: string | undefined;
}

/** In megabytes, after a full collection. */
interface Memory {
  readonly heapMb: number;
  readonly rssMb: number;
}

const job = JSON.parse(process.argv[2] ?? '') as CleanJob;
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const mb = (bytes: number): number => bytes / 1_000_000;

function policyOf({ expired, archive, directory }: CleanJob) {
  const safety = { maxShare: 1 };
  if (expired === 'partitions') {
    const olderThan = { column: 'created_at', age: '90d' as const };
    return { table: 'app_events', olderThan, safety, partitions: 'drop' as const };
  }
  const age = expired === 'started_at' ? ('90d' as const) : ('1h' as const);
  const plain = { table: 'workflow_executions', olderThan: { column: expired, age }, safety };
  if (archive === undefined) return plain;
  if (archive === 'table') return { ...plain, archive: toTable('archive.workflow_executions') };
  return { ...plain, archive: toFiles({ directory, format: archive }) };
}

const memory: Memory[] = [];
let peakRssMb = 0;
function look(share: number): void {
  const { rss } = process.memoryUsage();
  peakRssMb = Math.max(peakRssMb, mb(rss));
  if (share < ([0.1, 0.5, 1][memory.length] ?? Infinity)) return;
  collect();
  memory.push({ heapMb: mb(process.memoryUsage().heapUsed), rssMb: mb(rss) });
}

const SESSIONS = 2;
const pool = new pg.Pool({
  connectionString: job.url,
  max: SESSIONS,
  idleTimeoutMillis: 0,
  application_name: 'bench-clean',
});

/** Of all the sessions of the pool, which makes them when they are not there, and of this process. */
async function cost(): Promise<SessionCost & { readonly clientCpuMs: number }> {
  const clients = await Promise.all(Array.from({ length: SESSIONS }, () => pool.connect()));
  const { cpuMs, walBytes } = await costOf(clients);
  for (const client of clients) client.release();
  const { user, system } = process.cpuUsage();
  const clientCpuMs = (user + system) / 1_000;
  return { cpuMs: cpuMs + clientCpuMs, clientCpuMs, walBytes };
}

await ensureTables(pool);
const cleanup = createCleanup({
  pool,
  policies: { policy: policyOf(job) },
  pace: job.pace,
  throttle: job.walBudget === undefined ? [] : [walRate({ maxBytesPerSecond: job.walBudget })],
  onEvent(event) {
    if (event.type === 'batch') look(event.deleted / Math.max(1, event.candidates.count));
  },
});
const plan = await cleanup.plan();
const from = await cost();
process.send?.('begins');
const startedAt = performance.now();
const report = await cleanup.run(job.seconds > 0 ? { budget: { time: `${job.seconds}s` } } : {});
const ms = performance.now() - startedAt;
const to = await cost();
look(1);
const done = report.policies.policy;
const result: CleanResult = {
  runId: report.runId ?? '',
  ms,
  stopped: done.stopped,
  deleted: done.deleted,
  archived: done.archived,
  walk: plan.policies.policy.walks[0]?.kind ?? '',
  batches: done.batches.count,
  p50Ms: done.batches.p50Ms ?? Number.NaN,
  p99Ms: done.batches.p99Ms ?? Number.NaN,
  cpuMs: to.cpuMs - from.cpuMs,
  clientCpuMs: to.clientCpuMs - from.clientCpuMs,
  walBytes: to.walBytes - from.walBytes,
  serverWalBytes: done.walBytes ?? Number.NaN,
  memory,
  peakRssMb,
  problem: report.ok ? undefined : inspect({ error: done.error, refusals: done.refusals }),
};
// Ended first: the server counts a session's dead tuples for good when it is over.
await pool.end();
process.send?.(result, () => process.disconnect());
