import type pg from 'pg';

/** How one workflow did in the last 30 days. */
export interface WorkflowAnalytics {
  readonly workflowId: string;
  readonly name: string;
  readonly executionCount: number;
  readonly failedCount: number;
  readonly averageMs: number | null;
  readonly lastStartedAt: string | null;
}

const WORKFLOW_ANALYTICS = `
  select
    w.id as "workflowId",
    w.name,
    count(e.id)::int as "executionCount",
    (count(*) filter (where e.status = 'failed'))::int as "failedCount",
    round(avg(e.duration_ms))::int as "averageMs",
    max(e.started_at) as "lastStartedAt"
  from workflows w
  left join workflow_executions e
    on e.workflow_id = w.id
    and e.user_id = w.user_id
    and e.started_at >= now() - interval '30 days'
  where w.user_id = $1
    and w.deleted_at is null
  group by w.id
  order by count(e.id) desc, w.id
  limit 200`;

/** One statement for all workflows of a user, counted where the rows are. */
export async function workflowAnalytics(
  pool: pg.Pool,
  userId: string,
): Promise<readonly WorkflowAnalytics[]> {
  const { rows } = await pool.query<WorkflowAnalytics>(WORKFLOW_ANALYTICS, [userId]);
  return rows;
}
