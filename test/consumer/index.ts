// One line of each package, as an application that installed the tarballs would write it.
import assert from 'node:assert/strict';
import { type Alert, createAlerts, spike } from '@ops/alerts';
import { log, webhook } from '@ops/alerts/channels';
import { createCleanup, sql } from '@ops/cleanup';
import { createHealth } from '@ops/health';
import { http } from '@ops/health/checks';
import { postgres } from '@ops/health/postgres';
import { createMigrator, directory, pack } from '@ops/migrations';
import { formatAdvice } from '@ops/migrations/advise';
import { explain } from '@ops/migrations/lint';
import { performanceIndexes } from '@ops/migrations/performance-indexes';
import { defineEvents } from '@ops/telemetry';
import { createTelemetry as createPageTelemetry } from '@ops/telemetry/browser';
import { createDashboardData } from '@ops/telemetry/dashboard';
import { createIngestHandler, keys } from '@ops/telemetry/ingest';
import { createTelemetry } from '@ops/telemetry/node';
import { postgresSink, telemetryTables } from '@ops/telemetry/postgres';
import { count, createMetrics, defineRollup } from '@ops/telemetry/rollups';
import { type Duration, TimeoutError, withTimeout } from '@ops/timeout';
import { createFetch } from '@ops/timeout/fetch';
import { durationMs } from '@ops/timeout/options';

const pool = {
  query: () => Promise.reject(new Error('no database here')),
  connect: () => Promise.reject(new Error('no database here')),
};
const quiet = { info: () => {}, warn: () => {}, error: () => {} };

const limit: Duration = '10ms';
const late: unknown = await withTimeout(() => new Promise<never>(() => {}), limit).catch(
  (error: unknown) => error,
);
assert.ok(late instanceof TimeoutError && late.code === 'ERR_OPS_TIMEOUT');
assert.equal(durationMs().parse(limit), 10);
const fetch: typeof globalThis.fetch = createFetch({ timeout: '30s' });

const events = defineEvents({
  signed_up: {
    '~standard': { version: 1, vendor: 'consumer', validate: (value) => ({ value }) },
  },
});
const telemetry = createTelemetry<typeof events>({
  endpoint: 'http://127.0.0.1:9/',
  key: 'k',
  fetch,
  logger: quiet,
});
assert.equal(telemetry.stats().accepted, 0);
const ingest = createIngestHandler({ events, sink: postgresSink(pool), auth: keys(['k']) });
assert.equal((await ingest(new Request('http://localhost/', { method: 'POST' }))).status, 401);

const page = createPageTelemetry<typeof events>({ endpoint: '/t', key: 'k', consent: 'denied' });
assert.equal(page.track('signed_up', {}), false);
const signUps = defineRollup('sign_ups', {
  from: 'app_events',
  time: 'created_at',
  grain: ['day'],
  dimensions: [],
  mode: 'append',
  measures: { n: count() },
});
const metrics = createMetrics({ pool, rollups: [signUps] });
const dashboard = createDashboardData({
  metrics,
  widgets: {
    today: (_params: undefined, { now, ago }) => ({
      rollup: 'sign_ups',
      from: ago(1),
      to: now,
      measures: ['n'],
    }),
  },
});
const unavailable: unknown = await dashboard.read('today').catch((error: unknown) => error);
assert.ok(unavailable instanceof Error && unavailable.name === 'WidgetUnavailableError');

const health = createHealth({
  checks: {
    database: postgres.ping(pool),
    auth: http({ url: 'http://127.0.0.1:9/' }),
    own: () => {},
  },
  groups: { live: ['own'], ready: ['database', 'auth'] },
});
assert.equal((await health.fetch(new Request('http://localhost/livez'))).status, 200);

const alerts = createAlerts({
  service: 'consumer',
  environment: 'test',
  channels: { log: log(quiet), hook: webhook({ url: 'http://127.0.0.1:9/' }) },
  rules: { errors: spike({ over: 0, within: '1m' }) },
  routes: [{ to: ['log'] }],
});
alerts.error(new Error('first'));
await alerts.flush();
const active: readonly Alert[] = alerts.active();
assert.equal(active.length, 1);

const cleanup = createCleanup({
  pool,
  policies: {
    old: { table: 'events', olderThan: { column: 'at', age: '30d' }, where: sql`kind = ${'x'}` },
  },
});
const report = await cleanup.run();
assert.equal(report.policies.old.stopped, 'failed');

const migrator = createMigrator({
  connection: pool,
  // A pack of another package fits by its shape alone.
  sources: [pack(telemetryTables), pack(performanceIndexes), directory('no-such-folder')],
});
assert.equal(typeof formatAdvice, 'function');
assert.equal(explain('require-concurrent-index-creation')?.id, 'require-concurrent-index-creation');
const refused: unknown = await migrator.up().catch((error: unknown) => error);
assert.ok(refused instanceof Error);

await Promise.all([
  telemetry.shutdown({ timeout: 10 }),
  page.shutdown(),
  dashboard.close(),
  health.stop(),
  alerts.close({ drain: 10 }),
]);
console.log(`six packages on Node ${process.version}: ok`);
