import type pg from 'pg';
import { differenceOf } from './answers.ts';
import { addExecutions, type ExecutionMetrics, type Period } from './executions.ts';
import { spread, table } from './markdown.ts';

/** Milliseconds of a refresh by the rows that came since the last one. */
export async function benchRefresh(
  client: pg.Client,
  metrics: ExecutionMetrics,
  period: Period,
  rounds: number,
): Promise<{ readonly lines: string[]; readonly raw: unknown }> {
  const sizes = [1_000, 10_000];
  const times = new Map<number, number[]>(sizes.map((size) => [size, []]));
  const buckets = new Map<number, number>();
  for (let round = 0; round < rounds; round += 1) {
    for (const size of sizes) {
      await addExecutions(client, size, period);
      const startedAt = performance.now();
      const { rollups } = await metrics.refresh();
      times.get(size)?.push(performance.now() - startedAt);
      buckets.set(size, rollups[0]?.buckets ?? 0);
      await compareLastDay(client, metrics, period);
    }
  }
  const rows = sizes.map((size) => [
    size.toLocaleString('en'),
    spread(times.get(size) ?? [], 0),
    buckets.get(size) ?? 0,
  ]);
  return {
    lines: table(['new rows of the last hour', 'refresh ms:', 'hours computed:'], rows),
    raw: Object.fromEntries(times),
  };
}

/** Whole hours, so that nothing of the rollup's answer comes from raw rows. */
async function compareLastDay(
  client: pg.Client,
  metrics: ExecutionMetrics,
  { now, ago }: Period,
): Promise<void> {
  const to = new Date(Math.ceil(now.getTime() / 3_600_000) * 3_600_000);
  const { rows } = await client.query(
    `select status, count(*)::int as n, sum(duration_ms)::float8 as ms
from workflow_executions
where started_at >= $1
  and started_at < $2
group by 1
order by 1`,
    [ago(1), to],
  );
  const found = await metrics.query('executions', {
    from: ago(1),
    to,
    groupBy: ['status'],
    measures: ['n', 'ms'],
  });
  differenceOf('after a refresh', rows, found, 0);
}
