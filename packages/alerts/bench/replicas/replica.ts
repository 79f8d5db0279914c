/**
 * One process that reports errors as fast as it can: node replica.ts <url> <seconds>. Says on standard
 * output what it did, as JSON.
 */
import pg from 'pg';
import { log } from '../../src/channels/index.ts';
import { anomaly, createAlerts, failures, type Rule, spike } from '../../src/index.ts';
import { postgresStore, type SqlClient, type SqlPool } from '../../src/postgres/index.ts';

/** What a process has to say. */
export interface ReplicaReport {
  readonly eventCount: number;
  readonly statementCount: number;
  /** Of errors that statements failed with. */
  readonly states: readonly string[];
  /** From the first event until no more were reported. */
  readonly seconds: number;
  /** Statements a second in that time. */
  readonly statementRate: number;
  /** The same without the first 5 s, in which alerts fire and are told. */
  readonly steadyStatementRate: number;
  readonly cpuSeconds: number;
  readonly transitionCount: number;
}

const [url, secondsText = '10'] = process.argv.slice(2);
const BURST = 500;
const WARM_UP_MS = 5_000;

/** Counts what it is given, and nothing else: the sum over all processes has to be right. */
const total: Rule<{ readonly count: number }> = {
  kind: 'total',
  severities: ['low'],
  forMs: 0,
  keepFiringForMs: 0,
  announcesEnd: true,
  lookbackMs: 86_400_000,
  maxSeriesCount: 1,
  needsFingerprints: false,
  startsAlone: false,
  runbook: null,
  keyOf: (event) => (event.type === 'error' ? '' : undefined),
  labelsOf: () => ({}),
  init: () => ({ count: 0 }),
  on: ({ count }, event) => ({ count: count + event.count }),
  evaluate: ({ count }) => ({
    status: 'clear',
    value: count,
    limit: null,
    why: `${count} so far`,
    nextMs: undefined,
  }),
};

const pool = new pg.Pool({ connectionString: url, max: 2 });
let statementCount = 0;
const states: string[] = [];

const counting: SqlPool = {
  async connect() {
    const client: SqlClient = await pool.connect();
    return {
      async query(text, values) {
        statementCount += 1;
        try {
          return await client.query(text, values);
        } catch (error) {
          states.push(String(Reflect.get(Object(error), 'code')));
          throw error;
        }
      },
      release: (destroy) => client.release(destroy),
    };
  },
};

let transitionCount = 0;
const silent = { info() {}, warn() {}, error() {} };
const alerts = createAlerts({
  service: 'bench',
  environment: 'bench',
  store: postgresStore(counting),
  channels: { log: log(silent) },
  rules: {
    errorSpike: spike({
      over: 100,
      within: '1h',
      severity: { medium: 100, high: 200, critical: 500 },
    }),
    unusual: anomaly({ window: '15m', severity: 'medium' }),
    partners: failures({ by: 'integration', over: [10, '1h'], severity: { medium: 10, high: 20 } }),
    total,
  },
  routes: [{ to: ['log'], repeat: false }],
  onEvent: (event) => {
    if (event.type === 'transition') transitionCount += 1;
  },
});

const errors = Array.from({ length: 20 }, (_, at) => new Error(`charge ${at} failed`));
const labels = ['shopify', 'wave', 'stripe'].map((integration) => ({ integration, route: '/pay' }));
const durationMs = Number(secondsText) * 1_000;
await alerts.flush();
const startedMs = performance.now();
const statementsBefore = statementCount;
const cpuBefore = process.cpuUsage();
let eventCount = 0;
let warm: { readonly atMs: number; readonly statementCount: number } | undefined;
while (performance.now() - startedMs < durationMs) {
  for (let at = 0; at < BURST; at += 1) {
    alerts.error(errors[at % errors.length], labels[at % labels.length]);
  }
  eventCount += BURST;
  const nowMs = performance.now();
  if (nowMs - startedMs > WARM_UP_MS) warm ??= { atMs: nowMs, statementCount };
  await new Promise((resolve) => setImmediate(resolve));
}
const endedMs = performance.now();
const seconds = (endedMs - startedMs) / 1_000;
const statementRate = (statementCount - statementsBefore) / seconds;
const since = warm ?? { atMs: startedMs, statementCount: statementsBefore };
const steadyStatementRate =
  (statementCount - since.statementCount) / ((endedMs - since.atMs) / 1_000);
const { user, system } = process.cpuUsage(cpuBefore);
await alerts.flush();
await alerts.close();
await pool.end();

const report: ReplicaReport = {
  eventCount,
  statementCount,
  states,
  seconds,
  statementRate,
  steadyStatementRate,
  cpuSeconds: (user + system) / 1e6,
  transitionCount,
};
console.log(JSON.stringify(report));
