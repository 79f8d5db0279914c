import pg from 'pg';
import { createDashboardData } from '../src/dashboard/index.ts';
import { differenceOf } from './answers.ts';
import { type ExecutionMetrics, type Period, WORKFLOWS } from './executions.ts';
import { median, spread, table, verdict } from './markdown.ts';

interface Line {
  readonly workflow_id: string;
  readonly n: number;
  readonly ms: number;
}

interface Way {
  readonly name: string;
  /** Target: this many times faster than one query after the other. */
  readonly target: number | null;
  run(): Promise<readonly Line[]>;
}

const COLUMNS = 'count(*)::int as n, sum(duration_ms)::float8 as ms';
const SEQUENTIAL = 'a query for each, one after the other';

/** The page of all workflows, each with its executions and their time in the last 30 days. */
export async function benchPage(
  url: string,
  metrics: ExecutionMetrics,
  period: Period,
  rounds: number,
): Promise<{ readonly lines: string[]; readonly raw: unknown }> {
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  const statements = { count: 0 };
  await using dashboard = dashboardOf(metrics, () => {
    statements.count += 1;
  });
  const ways = [
    ...byHand(pool, period),
    { name: 'one query of the rollup', target: 20, run: () => queryRollup(metrics, period) },
    {
      name: 'the dashboard, a read for each, nothing in memory',
      target: 20,
      run: () => {
        dashboard.forget();
        return readDashboard(dashboard);
      },
    },
    {
      name: 'the dashboard, a read for each, from memory',
      target: 20,
      run: () => readDashboard(dashboard),
    },
  ];
  const times = await race(ways, rounds);
  if (statements.count !== rounds) {
    throw new Error(`${statements.count} statements of the dashboard in ${rounds} rounds`);
  }
  await pool.end();
  return { lines: pageLines(ways, times), raw: Object.fromEntries(times) };
}

function byHand(pool: pg.Pool, { ago, now }: Period): Way[] {
  const one = async (id: string): Promise<Line> => {
    const { rows } = await pool.query<Omit<Line, 'workflow_id'>>(
      `select ${COLUMNS}
from workflow_executions
where workflow_id = $1
  and started_at >= $2
  and started_at < $3`,
      [id, ago(29), now],
    );
    return { workflow_id: id, n: rows[0]?.n ?? 0, ms: rows[0]?.ms ?? 0 };
  };
  return [
    {
      name: SEQUENTIAL,
      target: null,
      async run() {
        const lines: Line[] = [];
        for (const id of IDS) lines.push(await one(id));
        return lines;
      },
    },
    {
      name: 'all of them at once, over 10 connections',
      target: null,
      run: () => Promise.all(IDS.map(one)),
    },
    {
      name: 'one query with `= any`',
      target: null,
      async run() {
        const { rows } = await pool.query<Line>(
          `select workflow_id, ${COLUMNS}
from workflow_executions
where workflow_id = any($1)
  and started_at >= $2
  and started_at < $3
group by 1`,
          [IDS, ago(29), now],
        );
        return rows;
      },
    },
  ];
}

const IDS = Array.from({ length: WORKFLOWS }, (_, at) => `workflow-${at}`);

async function queryRollup(
  metrics: ExecutionMetrics,
  { ago, now }: Period,
): Promise<readonly Line[]> {
  const rows = await metrics.query('executions', {
    from: ago(29),
    to: now,
    where: { workflow_id: IDS },
    measures: ['n', 'ms'],
  });
  return rows.map(({ workflow_id, n, ms }) => ({
    workflow_id: String(workflow_id),
    n,
    ms: ms ?? 0,
  }));
}

function dashboardOf(metrics: ExecutionMetrics, queried: () => void) {
  return createDashboardData({
    metrics,
    widgets: {
      workflow: ({ id }: { readonly id: string }, { now, ago }) => ({
        rollup: 'executions',
        from: ago(29),
        to: now,
        where: { workflow_id: id },
        measures: ['n', 'ms'],
      }),
    },
    // Longer than the run: expiry has a part of its own.
    cache: { ttl: '1h' },
    onEvent: ({ type }) => {
      if (type === 'queried') queried();
    },
  });
}

async function readDashboard(dashboard: ReturnType<typeof dashboardOf>): Promise<readonly Line[]> {
  const answers = await Promise.all(IDS.map((id) => dashboard.read('workflow', { id })));
  return answers.map(({ data }, at) => {
    const [row] = data;
    return { workflow_id: IDS[at] ?? '', n: row?.n ?? 0, ms: row?.ms ?? 0 };
  });
}

/** Each way in each round; every answer is the first one's. */
async function race(ways: readonly Way[], rounds: number): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>();
  let expected: readonly Line[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, run } of ways) {
      const startedAt = performance.now();
      const lines = await run();
      times.set(name, [...(times.get(name) ?? []), performance.now() - startedAt]);
      const sorted = lines.toSorted((one, other) => (one.workflow_id < other.workflow_id ? -1 : 1));
      if (expected.length === 0) expected = sorted;
      differenceOf(name, expected as never, sorted as never, 0);
    }
  }
  return times;
}

function pageLines(ways: readonly Way[], times: ReadonlyMap<string, readonly number[]>): string[] {
  const ratioOf = (name: string): number => {
    const own = times.get(name) ?? [];
    return median(
      (times.get(SEQUENTIAL) ?? []).map((ms, round) => ms / (own[round] ?? Number.NaN)),
    );
  };
  const rows = ways.map(({ name }) => [
    name,
    spread(times.get(name) ?? [], 2),
    ratioOf(name).toFixed(1),
  ]);
  return [
    ...table([`page of ${WORKFLOWS} workflows`, 'ms:', '× one after the other:'], rows),
    '',
    ...ways.flatMap(({ name, target }) =>
      target === null ? [] : [verdict(name, '≥', `${target}×`, ratioOf(name))],
    ),
  ];
}
