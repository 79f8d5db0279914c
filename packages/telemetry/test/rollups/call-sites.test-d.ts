import { expectTypeOf, it } from 'vitest';
import {
  count,
  createMetrics,
  defineRollup,
  distinct,
  quantile,
  type SqlPool,
  sum,
} from '../../src/rollups/index.ts';

declare const pool: SqlPool;
declare const from: Date;
declare const to: Date;
declare const ids: string[];

const executions = defineRollup('workflow_executions', {
  from: 'workflow_executions',
  time: 'started_at',
  grain: ['hour', 'day'],
  dimensions: ['workflow_id', 'status'],
  totals: [['status'], []],
  measures: {
    n: count(),
    ms: sum('duration_ms'),
    p: quantile('duration_ms'),
    users: distinct('user_id'),
  },
  mode: 'dirty-buckets',
});
const metrics = createMetrics({ pool, rollups: [executions] });

it('compiles as the README has it, with typed rows', async () => {
  const report = await metrics.refresh();
  expectTypeOf(report.rollups[0]?.rows).toEqualTypeOf<number | undefined>();
  const rows = await metrics.query('workflow_executions', {
    from,
    to,
    grain: 'day',
    where: { workflow_id: ids },
    measures: ['n', 'p'],
  });
  const [row] = rows;
  expectTypeOf(row?.n).toEqualTypeOf<number | undefined>();
  expectTypeOf(row?.p.p95).toEqualTypeOf<number | null | undefined>();
  expectTypeOf(row?.workflow_id).toEqualTypeOf<string | number | boolean | null | undefined>();
  // @ts-expect-error -- not asked for
  void row?.users;
  // @ts-expect-error -- not grouped by
  void row?.status;
});

it('refuses names that are not there', () => {
  expectTypeOf(metrics.query).toBeFunction();
  // @ts-expect-error -- no such rollup
  void metrics.query('workflows', { from, to });
  // @ts-expect-error -- no such measure
  void metrics.query('workflow_executions', { from, to, measures: ['m'] });
  // @ts-expect-error -- no such dimension
  void metrics.query('workflow_executions', { from, to, groupBy: ['user_id'] });
  // @ts-expect-error -- no such dimension
  void metrics.query('workflow_executions', { from, to, where: { user_id: 1 } });
});

it('types each answer of several', async () => {
  const [totals, perWorkflow] = await metrics.queryMany([
    { rollup: 'workflow_executions', from, to, measures: ['n'] },
    {
      rollup: 'workflow_executions',
      from,
      to,
      groupBy: ['workflow_id'],
      measures: ['p', 'ms'],
      percentiles: ['p75'],
    },
  ]);
  expectTypeOf(totals[0]?.n).toEqualTypeOf<number | undefined>();
  expectTypeOf(perWorkflow[0]?.ms).toEqualTypeOf<number | null | undefined>();
  expectTypeOf(perWorkflow[0]?.p.p75).toEqualTypeOf<number | null | undefined>();
});
