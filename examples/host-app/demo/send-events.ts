import { createTelemetry } from '@ops/telemetry/node';
import type pg from 'pg';
import type { events } from '../events.ts';
import { count, say, seconds, table } from './output.ts';

const EVENT_COUNT = 2_000;

/** Tracks 2,000 events as another server would, and checks that the table gained exactly as many. */
export async function sendEvents(to: {
  readonly pool: pg.Pool;
  readonly appUrl: string;
  readonly telemetryKey: string;
  readonly userId: string;
}): Promise<void> {
  const before = await eventCount(to.pool);
  const begun = performance.now();
  const telemetry = createTelemetry<typeof events>({
    endpoint: `${to.appUrl}/api/telemetry`,
    key: to.telemetryKey,
    context: { userId: to.userId },
  });
  for (let index = 0; index < EVENT_COUNT; index += 1) {
    telemetry.track('workflow_executed', { workflowId: to.userId, ms: index });
  }
  await telemetry.shutdown({ timeout: '30s' });
  const { accepted, delivered, pending, dropped } = telemetry.stats();
  const droppedCount = Object.values(dropped).reduce((sum, each) => sum + each, 0);
  const gained = (await eventCount(to.pool)) - before;
  table(
    ['accepted', 'delivered', 'dropped', 'pending', 'rows gained'],
    [[accepted, delivered, droppedCount, pending, gained]],
  );
  if (gained !== EVENT_COUNT || delivered !== EVENT_COUNT) {
    throw new Error(`expected ${count(EVENT_COUNT)} new rows in app_events, got ${count(gained)}`);
  }
  say(`exactly ${count(EVENT_COUNT)} new rows in ${seconds(performance.now() - begun)}`);

  const response = await fetch(`${to.appUrl}/api/analytics/workflows?user=${to.userId}`);
  const rows = (await response.json()) as { executionCount: number }[];
  if (!response.ok) throw new Error(`analytics answered ${response.status}`);
  const executions = rows.reduce((sum, row) => sum + row.executionCount, 0);
  say(`analytics: ${rows.length} workflows with ${count(executions)} executions in 30 days`);
}

async function eventCount(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>('select count(*)::int as n from app_events');
  return rows[0]?.n ?? 0;
}
