import { expect, expectTypeOf, it } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { createDashboardData, type WidgetContext } from '../../src/dashboard/index.ts';
import {
  appended,
  catchUp,
  createExecutions,
  insertExecutions,
  metricsOf,
} from '../rollups/executions.ts';

const db = useDatabase();

it('a page of workflows is one statement, with the answers that each row alone would get', async () => {
  const pool = db.pool();
  await createExecutions(pool);
  await insertExecutions(pool, 5_000);
  const metrics = metricsOf(pool, db.schema, appended);
  await metrics.ensureTables();
  await catchUp(metrics);
  await insertExecutions(pool, 100, 0.7);

  // Whole days, so that all reads are of the same range.
  const last30 = ({ ago }: WidgetContext) => ({ from: ago(29), to: ago(0) });
  const statements: string[] = [];
  await using dashboard = createDashboardData({
    metrics,
    widgets: {
      byStatus: (_params: undefined, context) =>
        ({
          rollup: 'executions',
          ...last30(context),
          grain: 'day',
          groupBy: ['status'],
          measures: ['n', 'ms'],
        }) as const,
      workflow: ({ id }: { id: string }, context) =>
        ({
          rollup: 'executions',
          ...last30(context),
          where: { workflow_id: id },
          measures: ['n', 'p', 'users'],
        }) as const,
    },
    onEvent: (event) => {
      if (event.type === 'queried') statements.push(event.widgets.join());
    },
  });

  const ids = Array.from({ length: 12 }, (_, row) => `w${row}`);
  const [{ data: byStatus }, ...rows] = await Promise.all([
    dashboard.read('byStatus'),
    ...ids.map((id) => dashboard.read('workflow', { id })),
  ]);
  expect(statements).toHaveLength(1);
  expect(statements[0]).toMatch(/^(?:byStatus,workflow|workflow,byStatus)$/);

  const now = new Date();
  const midnight = new Date(Math.floor(now.getTime() / 86_400_000) * 86_400_000);
  const range = { from: new Date(midnight.getTime() - 29 * 86_400_000), to: midnight };
  for (const [index, id] of ids.entries()) {
    const alone = await metrics.query('executions', {
      ...range,
      where: { workflow_id: id },
      measures: ['n', 'p', 'users'],
    });
    expect(rows[index]?.data).toEqual(alone);
  }
  expect(rows[11]?.data).toEqual([]);
  expect(byStatus.length).toBeGreaterThan(30);
  expectTypeOf(byStatus[0]?.ms).toEqualTypeOf<number | null | undefined>();
});

it('an answer is renewed once the rollup was refreshed, though its ttl is long', async () => {
  const pool = db.pool();
  await createExecutions(pool);
  const metrics = metricsOf(pool, db.schema, appended);
  await metrics.ensureTables();
  await catchUp(metrics);
  let nowMs = 0;
  const clock = {
    now: () => Date.now(),
    monotonic: () => nowMs,
    setTimeout: (callback: () => void, delayMs: number) => setTimeout(callback, delayMs),
    clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
  };
  await using dashboard = createDashboardData({
    metrics,
    widgets: {
      total: (_params: undefined, { now, ago }) =>
        ({ rollup: 'executions', from: ago(70), to: now, groupBy: [], measures: ['n'] }) as const,
    },
    cache: { ttl: '1h' },
    clock,
  });
  expect((await dashboard.read('total')).data).toEqual([]);
  await insertExecutions(pool, 50);
  await catchUp(metrics);
  const seen: unknown[] = [];
  while (seen.at(-1) !== 50) {
    nowMs += 1_000;
    const { data } = await dashboard.read('total');
    seen.push(data[0]?.n);
    await pool.query('select 1');
  }
  expect(dashboard.stats().staleHits).toBeGreaterThan(0);
});
