import pg from 'pg';
import { createMetrics } from '../src/rollups/index.ts';
import { differenceOf } from './answers.ts';
import { QUERIES } from './dashboard-queries.ts';
import { createDatabase } from './database.ts';
import {
  createExecutions,
  type ExecutionMetrics,
  executions,
  type Period,
  periodUntil,
} from './executions.ts';
import { median, type Section, spread, table, verdict } from './markdown.ts';
import { benchPage } from './page.ts';
import { benchRefresh } from './refresh-cost.ts';

/** How much of it. */
export interface RollupSize {
  readonly rows: number;
  readonly isQuick: boolean;
}

/** Rollups beside the queries they save. */
export async function benchRollups(
  serverUrl: string,
  { rows, isQuick }: RollupSize,
): Promise<Section> {
  const url = await createDatabase(serverUrl, 'bench_rollups');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  const metrics = createMetrics({ pool, rollups: [executions], statementTimeout: '10m' });
  const period = periodUntil(new Date());
  const startedAt = performance.now();
  await createExecutions(client, rows, period);
  const filledAt = performance.now();
  await build(metrics);
  const builtAt = performance.now();
  await client.query('vacuum (analyze)');
  const size = await sizes(client);
  const rounds = isQuick ? 2 : 5;
  const queries = await raceQueries(client, metrics, period, rounds);
  const page = await benchPage(url, metrics, period, rounds);
  const refresh = await benchRefresh(client, metrics, period, rounds);
  await pool.end();
  await client.end();
  const buildS = (builtAt - filledAt) / 1_000;
  return {
    title: 'Rollups: dashboard queries',
    lines: [
      `${rows.toLocaleString('en')} executions of 90 days, 200 workflows, 40,000 users, in ${((filledAt - startedAt) / 1_000).toFixed(0)} s: ${size.raw}. The rollup (hour and day by workflow and status, totals; count, sum, percentiles, users; \`dirty-buckets\`): built in ${buildS.toFixed(0)} s, ${size.rollup}. Medians (least–most) of ${rounds} interleaved rounds, parallel workers as the server likes; every answer compared with the raw one.`,
      '',
      ...queries.lines,
      '',
      ...page.lines,
      '',
      ...refresh.lines,
    ],
    raw: { buildS, size, queries: queries.raw, page: page.raw, refresh: refresh.raw },
  };
}

async function build(metrics: ExecutionMetrics): Promise<void> {
  await metrics.ensureTables({ timeout: '10m' });
  for (;;) {
    const { rollups } = await metrics.refresh({ budget: '10m' });
    if (rollups[0]?.status === 'failed') throw rollups[0].error;
    const [lag] = await metrics.lag();
    if (lag !== undefined && !lag.isBuilding && lag.pending === 0) return;
  }
}

/** Of the tables with their indexes. */
async function sizes(
  client: pg.Client,
): Promise<{ readonly raw: string; readonly rollup: string }> {
  const { rows } = await client.query<{ name: string; size: string; rows: string }>(`
select c.relname as name, pg_size_pretty(pg_total_relation_size(c.oid)) as size,
  to_char(c.reltuples, 'FM999,999,999') as rows
from pg_class c
where c.relkind = 'r'
  and c.relname in ('workflow_executions', 'executions_hour', 'executions_day')
order by c.relname`);
  const shown = rows.map((row) => `${row.name} ${row.rows} rows, ${row.size}`);
  return {
    raw: shown.filter((text) => text.startsWith('workflow')).join('; '),
    rollup: shown.filter((text) => text.startsWith('executions')).join('; '),
  };
}

/** The same in every round: the data are. */
function shownDifferences(differences: ReadonlyMap<string, number> | undefined): string {
  return [...(differences ?? [])]
    .map(([column, share]) => `${column} ${(share * 100).toFixed(2)} %`)
    .join(', ');
}

async function raceQueries(
  client: pg.Client,
  metrics: ExecutionMetrics,
  period: Period,
  rounds: number,
): Promise<{ readonly lines: string[]; readonly raw: unknown }> {
  const measured = QUERIES.map((query) => ({
    query,
    rawMs: [] as number[],
    rollupMs: [] as number[],
    differences: [] as ReadonlyMap<string, number>[],
  }));
  for (let round = 0; round < rounds; round += 1) {
    for (const one of measured) {
      const { name, accuracy } = one.query;
      const startedAt = performance.now();
      const raw = await one.query.raw(client, period);
      const rawAt = performance.now();
      const rollup = await one.query.rollup(metrics, period);
      one.rollupMs.push(performance.now() - rawAt);
      one.rawMs.push(rawAt - startedAt);
      one.differences.push(differenceOf(name, raw, rollup, accuracy));
    }
  }
  const faster = ({ rawMs, rollupMs }: (typeof measured)[number]): number =>
    median(rawMs.map((ms, round) => ms / (rollupMs[round] ?? Number.NaN)));
  const lines = table(
    ['query', 'raw ms:', 'rollup ms:', '×:', 'difference:'],
    measured.map((one) => [
      one.query.name,
      spread(one.rawMs, 0),
      spread(one.rollupMs, 1),
      faster(one).toFixed(0),
      one.query.accuracy === 0 ? 'none' : shownDifferences(one.differences[0]),
    ]),
  );
  const aims = measured.flatMap((one) => {
    const { target, name } = one.query;
    return target === null ? [] : [verdict(`${name}, faster`, '≥', `${target}×`, faster(one))];
  });
  return {
    lines: [...lines, '', ...aims],
    raw: measured.map(({ query: { name }, rawMs, rollupMs, differences }) => ({
      name,
      rawMs,
      rollupMs,
      differences: Object.fromEntries(differences[0] ?? []),
    })),
  };
}
