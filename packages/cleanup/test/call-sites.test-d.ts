import type pg from 'pg';
import { expectTypeOf, test } from 'vitest';
import {
  type ArchiveTarget,
  type Cleanup,
  type CleanupPlan,
  type CleanupPolicy,
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

declare const archive: ArchiveTarget;
const olderThan = { column: 'at', age: '90d' } as const;
const softDelete = { set: { enabled: false }, at: 'deleted_at', purgeAfter: '30d' } as const;

test('the policies of the documentation compile', () => {
  const cleanup = createCleanup({
    pool,
    holds: [
      { table: 'legal_holds', on: { subject_id: 'user_id' }, active: sql`released_at is null` },
    ],
    policies: {
      telemetry: { table: 'app_events', olderThan, archive },
      workflows: {
        table: 'workflows',
        inactiveFor: {
          age: '365d',
          since: sql`greatest(updated_at, (select max(started_at) from workflow_executions e where e.workflow_id = workflows.id))`,
        },
        softDelete: {
          set: { enabled: false, status: 'archived' },
          at: 'deleted_at',
          purgeAfter: '30d',
        },
      },
      orphans: {
        table: 'workflow_executions',
        orphanOf: { table: 'workflows', on: { workflow_id: 'id' } },
        minAge: { column: 'started_at', age: '1d' },
        keepLast: { count: 10, per: 'workflow_id' },
      },
      tenants: {
        table: 'events',
        olderThan: { column: 'at', age: { per: sql`retention`, default: '90d' } },
        holds: { exempt: true, because: 'no personal data' },
      },
      days: { table: 'days', olderThan, partitions: 'drop' },
    },
    pace: { targetMs: 50, dutyCycle: 0.25, maxBatch: 10_000, maxBatchBytes: 16_000_000 },
    throttle: [{ name: 'quiet', check: () => Promise.resolve({ go: true }) }],
    history: { schema: 'ops_cleanup', keep: '400d' },
    logger: console,
  });
  expectTypeOf(cleanup).toEqualTypeOf<
    Cleanup<'telemetry' | 'workflows' | 'orphans' | 'tenants' | 'days'>
  >();
});

test('what does not go together does not compile', () => {
  expectTypeOf<{ table: string; olderThan: typeof olderThan }>().toExtend<CleanupPolicy>();
  const both = { table: 'a', olderThan, archive, softDelete };
  expectTypeOf(both).not.toExtend<CleanupPolicy>();
  const marked = { table: 'a', olderThan, softDelete, partitions: 'drop' } as const;
  expectTypeOf(marked).not.toExtend<CleanupPolicy>();
  const noRule = { table: 'a' };
  expectTypeOf(noRule).not.toExtend<CleanupPolicy>();
  const twoRules = { table: 'a', olderThan, inactiveFor: { age: '1d', since: sql`at` } } as const;
  expectTypeOf(twoRules).not.toExtend<CleanupPolicy>();
  const young = { table: 'a', orphanOf: { table: 'b', on: { b: 'id' } } };
  expectTypeOf(young).not.toExtend<CleanupPolicy>();
  const dropped = { table: 'a', olderThan, partitions: 'drop', where: sql`true` } as const;
  expectTypeOf(dropped).not.toExtend<CleanupPolicy>();
  const kept = {
    table: 'a',
    inactiveFor: { age: '1d', since: sql`at` },
    keepLast: { count: 1 },
  } as const;
  expectTypeOf(kept).not.toExtend<CleanupPolicy>();
  const unexplained = { table: 'a', olderThan, holds: { exempt: true } } as const;
  expectTypeOf(unexplained).not.toExtend<CleanupPolicy>();
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
