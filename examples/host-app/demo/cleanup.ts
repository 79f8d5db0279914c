import type { Cleanup, CleanupEvent } from '@ops/cleanup';
import type pg from 'pg';
import { type Progress, progress, say, seconds, table } from './output.ts';

/** Plans, runs exactly that plan, and checks the report against the tables. */
export async function runCleanup(job: {
  readonly pool: pg.Pool;
  readonly cleanup: Cleanup;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { pool, cleanup, signal } = job;
  const untouched = await totalRows(pool);
  const plan = await cleanup.plan({ signal });
  const policies = Object.values(plan.policies);
  table(
    ['policy', 'table', 'would delete', 'share'],
    policies.map((policy) => [
      policy.policy,
      policy.table,
      policy.candidates?.count ?? 0,
      `${Math.round((policy.share ?? 0) * 100)} %`,
    ]),
  );
  const before = await rowCounts(pool, policies);
  if ((await totalRows(pool)) !== untouched) throw new Error('the dry run changed a table');
  say('dry run: nothing was deleted; running this plan now is what allows a share over 50 %');
  const begun = performance.now();
  const report = await cleanup.run({ plan, signal });
  const after = await rowCounts(pool, policies);
  const reports = Object.values(report.policies);
  table(
    ['policy', 'rows before', 'deleted', 'rows after', 'batches', 'stopped'],
    reports.map((policy) => [
      policy.policy,
      before.get(policy.table) ?? 0,
      policy.deleted,
      after.get(policy.table) ?? 0,
      policy.batches.count,
      policy.stopped,
    ]),
  );
  for (const policy of reports) {
    const gone = (before.get(policy.table) ?? 0) - (after.get(policy.table) ?? 0);
    if (policy.stopped !== 'drained' || gone !== policy.deleted) {
      throw new Error(
        `${policy.policy}: ${policy.stopped}, reports ${policy.deleted} deleted, ${gone} are gone`,
        { cause: policy.error },
      );
    }
  }
  say(`done in ${seconds(performance.now() - begun)}`);
}

/** Draws a bar for each policy from what cleanup tells. */
export function createCleanupProgress(): (event: CleanupEvent) => void {
  let bar: Progress | undefined;
  return (event) => {
    if (event.type === 'policy-started') bar = progress(`deleting ${event.policy}`, 'rows');
    if (event.type === 'batch') bar?.update(event.deleted, event.candidates.count);
    if (event.type === 'policy-ended') bar?.end();
  };
}

/** Of both tables that policies are about. */
async function totalRows(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    'select ((select count(*) from workflow_executions) + (select count(*) from app_events))::int as n',
  );
  return rows[0]?.n ?? Number.NaN;
}

async function rowCounts(
  pool: pg.Pool,
  of: readonly { readonly table: string }[],
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { table: name } of of) {
    // The name comes quoted from the catalog.
    const { rows } = await pool.query<{ n: number }>(`select count(*)::int as n from ${name}`);
    counts.set(name, rows[0]?.n ?? 0);
  }
  return counts;
}
