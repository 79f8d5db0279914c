import type pg from 'pg';
import { expectTypeOf, test } from 'vitest';
import {
  type CleanupPlan,
  type CleanupPool,
  createCleanup,
  type PolicyReport,
  type SqlFragment,
  sql,
} from '../src/index.ts';

declare const pool: pg.Pool;
declare const signal: AbortSignal;

test('a pg.Pool fits', () => {
  expectTypeOf<pg.Pool>().toExtend<CleanupPool>();
});

test('policies are known by name in the plan and in the report', async () => {
  const cleanup = createCleanup({
    pool,
    policies: {
      executions: {
        table: 'workflow_executions',
        olderThan: { column: 'started_at', age: '90d' },
        where: sql`status in ('completed', 'failed')`,
        safety: { maxShare: 0.5 },
      },
      telemetry: { table: 'app_events', olderThan: { column: 'created_at', age: '30d' } },
    },
    pace: { targetMs: 50, dutyCycle: 0.25, maxBatch: 10_000 },
    onEvent: (event) => {
      if (event.type === 'batch') expectTypeOf(event.etaMs).toEqualTypeOf<number | null>();
    },
  });
  const plan = await cleanup.plan({ signal });
  const report = await cleanup.run({ plan, budget: { time: '20m', rows: 2_000_000 }, signal });
  expectTypeOf(plan).toEqualTypeOf<CleanupPlan<'executions' | 'telemetry'>>();
  expectTypeOf(report.policies.executions).toEqualTypeOf<PolicyReport>();
  // @ts-expect-error no such policy
  void report.policies.orphans;
});

test('mistakes do not compile', () => {
  createCleanup({
    pool,
    policies: {
      // @ts-expect-error a text is no fragment
      a: { table: 'a', olderThan: { column: 'at', age: '90d' }, where: 'true' },
      // @ts-expect-error not a duration
      b: { table: 'b', olderThan: { column: 'at', age: '90 days' } },
      // @ts-expect-error misspelt
      c: { table: 'c', olderThen: { column: 'at', age: '90d' } },
    },
  });
  // @ts-expect-error an object is no parameter
  void sql`a = ${{}}`;
  expectTypeOf<{ text: string }>().not.toExtend<SqlFragment>();
});
