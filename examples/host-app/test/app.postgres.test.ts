import { randomUUID } from 'node:crypto';
import { createTelemetry } from '@ops/telemetry/node';
import type pg from 'pg';
import { afterEach, expect, it } from 'vitest';
import { useDatabase } from '../../../test/postgres.ts';
import { startDependency } from '../demo/doubles.ts';
import type { events } from '../events.ts';
import { createOperations, type Operations } from '../operations.ts';
import { createApp, listen } from '../server.ts';

const db = useDatabase();
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** The whole app on a database of its own: the migrations name no schema. */
async function start(): Promise<{ url: string; operations: Operations; pool: pg.Pool }> {
  const pool = db.pool();
  const dependency = await startDependency();
  closers.push(dependency.off);
  const quiet = (): void => {};
  const operations = createOperations({
    pool,
    schema: db.schema,
    logger: { info: quiet, warn: quiet, error: quiet },
    authUrl: dependency.url,
    partnerUrl: dependency.url,
    telemetryKey: 'key',
    alertWebhook: { url: dependency.url, secret: `whsec_${'c2VjcmV0'.repeat(4)}` },
    healthTtl: '50ms',
  });
  closers.push(operations.close);
  const app = await listen(createApp(pool, operations), 0);
  closers.push(app.close);
  return { url: app.url, operations, pool };
}

it('is not started up until it is migrated, and then serves, counts and takes events', async () => {
  const { url, operations, pool } = await start();
  expect((await fetch(`${url}/startupz`)).status).toBe(503);
  const report = await operations.migrator.up();
  expect(report.applied.map(({ name }) => name)).toEqual([
    'base_schema',
    'retention_index',
    'schema',
    'history',
    'workflow_executions_started_at',
    'workflow_executions_user_started',
    'profiles_trial_start_date',
    'profiles_plan_name',
    'integrations_user_status',
    'workflows_user_enabled',
    'app_events_user_timestamp',
    'app_events_type_timestamp',
  ]);
  expect((await operations.migrator.up()).applied).toEqual([]);
  await expect.poll(async () => (await fetch(`${url}/startupz`)).status).toBe(200);
  await expect.poll(async () => (await fetch(`${url}/readyz`)).status).toBe(200);

  const userId = randomUUID();
  const workflowId = randomUUID();
  await pool.query(`insert into profiles (id, email) values ($1, 'a@example.com')`, [userId]);
  await pool.query(`insert into workflows (id, user_id, name) values ($1, $2, 'first')`, [
    workflowId,
    userId,
  ]);
  await pool.query(
    `
    insert into workflow_executions (id, workflow_id, user_id, status, started_at, duration_ms)
    select gen_random_uuid(), $1, $2, case n when 1 then 'failed' else 'completed' end,
      now() - n * interval '1 day', 100
    from generate_series(1, 40) n`,
    [workflowId, userId],
  );
  const analytics = await fetch(`${url}/api/analytics/workflows?user=${userId}`);
  expect(await analytics.json()).toMatchObject([
    { workflowId, name: 'first', executionCount: 29, failedCount: 1, averageMs: 100 },
  ]);

  const telemetry = createTelemetry<typeof events>({
    endpoint: `${url}/api/telemetry`,
    key: 'key',
    context: { userId },
  });
  telemetry.track('page_view', { title: 'start' });
  telemetry.track('workflow_executed', { workflowId, ms: 5 });
  expect(await telemetry.shutdown()).toMatchObject({ delivered: 2, pending: 0 });
  const { rows } = await pool.query('select event_type, user_id from app_events order by 1');
  expect(rows).toEqual([
    { event_type: 'page_view', user_id: userId },
    { event_type: 'workflow_executed', user_id: userId },
  ]);
});

it('tells the caller what is wrong with a request, and nobody about its insides', async () => {
  const { url } = await start();
  expect((await fetch(`${url}/api/analytics/workflows?user=me`)).status).toBe(400);
  expect((await fetch(`${url}/api/telemetry`, { method: 'POST' })).status).toBe(401);
  // The tables are not there yet.
  const failed = await fetch(`${url}/api/analytics/workflows?user=${randomUUID()}`);
  expect(failed.status).toBe(500);
  expect(await failed.text()).toBe('{"error":"internal error"}');
});

it('alerts when requests keep failing', async () => {
  const { url, operations } = await start();
  for (let request = 0; request < 101; request += 1) {
    await (await fetch(`${url}/api/analytics/workflows?user=${randomUUID()}`)).text();
  }
  await operations.alerts.flush();
  expect(operations.alerts.active()).toMatchObject([
    { rule: 'errorSpike', severity: 'medium', state: 'firing' },
  ]);
});
