import type { Action, ActionContext, PickedRows } from '../batch/action.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { SoftDeleteSettings } from '../policy/policy-settings.ts';
import type { Statement } from '../statement.ts';

/**
 * Marks the rows as deleted, and writes down in the same statement what the columns held before and
 * what they hold now, as text: the way back of `undo`. What is written down as new is what the row
 * really got, after rounding and triggers, so that a later change is told from the run's own.
 *
 * All rows of a run get the same time: the run's start.
 */
export function createSoftDeleteAction(
  settings: SoftDeleteSettings,
  context: ActionContext,
  historySchema: string,
): Action {
  const statement = (rows: PickedRows): Statement => {
    const values: unknown[] = [];
    const text = markStatement(settings, context, historySchema, rows, values);
    return { text, values };
  };
  return {
    kind: 'soft-delete',
    statement,
    async act(query, rows) {
      const { text, values } = statement(rows);
      const [row] = await query(text, values);
      return { count: Number(row?.['count']), archived: 0 };
    },
  };
}

function markStatement(
  settings: SoftDeleteSettings,
  context: ActionContext,
  historySchema: string,
  rows: PickedRows,
  values: unknown[],
): string {
  const { leaf } = context;
  const marked = [...Object.entries(settings.set), [settings.at, context.now] as const];
  const names = marked.map(([name]) => name);
  const keyNames = `$${values.push(leaf.keyColumns)}::text[]`;
  const columnNames = `$${values.push(names)}::text[]`;
  const texts = (columns: readonly string[]): string =>
    columns.map((name) => `${leaf.alias}.${quoteIdentifier(name)}::text`).join(', ');
  // A bare parameter takes the type of its column.
  const assignments = marked.map(
    ([name, value]) => `${quoteIdentifier(name)} = $${values.push(value)}`,
  );
  // The rows are locked, so the first part sees them as the second finds them.
  return `with ops_cleanup_before as materialized (
  select
    ${leaf.alias}.ctid as ops_cleanup_ctid,
    jsonb_object(${keyNames}, array[${texts(leaf.keyColumns)}]) as ops_cleanup_key,
    jsonb_object(${columnNames}, array[${texts(names)}]) as ops_cleanup_values
  from only ${leaf.sql} as ${leaf.alias}
  where ${rows.stillDue(values)}
),
ops_cleanup_marked as (
  update only ${leaf.sql} as ${leaf.alias}
  set ${assignments.join(', ')}
  from ops_cleanup_before
  where ${leaf.alias}.ctid = ops_cleanup_before.ops_cleanup_ctid
  returning
    ops_cleanup_before.ops_cleanup_key as key,
    ops_cleanup_before.ops_cleanup_values as before,
    jsonb_object(${columnNames}, array[${texts(names)}]) as after
)${result(settings, context, historySchema, values)}`;
}

/** What is written down, and counted. Planning must not need the history's tables. */
function result(
  settings: SoftDeleteSettings,
  context: ActionContext,
  historySchema: string,
  values: unknown[],
): string {
  const count = 'select count(*)::text as count\nfrom';
  if (context.runId === undefined) return `\n${count} ops_cleanup_marked`;
  return `,
ops_cleanup_logged as (
${logInsert(settings, context, historySchema, values)}
)
${count} ops_cleanup_logged`;
}

/** A row that was given back while the run goes on may be marked by it again. */
function logInsert(
  { purgeAfterMs }: SoftDeleteSettings,
  { runId, policy, table, now }: ActionContext,
  historySchema: string,
  values: unknown[],
): string {
  const markedAt = `$${values.push(now)}::timestamptz`;
  const windowUs = `$${values.push(Math.round(purgeAfterMs * 1000))}::bigint`;
  return `  insert into ${quoteIdentifier(historySchema)}.soft_deleted
    (run_id, policy, table_name, key, before, after, marked_at, undo_until)
  select
    $${values.push(runId)}::uuid, $${values.push(policy)}, $${values.push(table)},
    key, before, after,
    ${markedAt}, ${markedAt} + ${windowUs} * interval '1 microsecond'
  from ops_cleanup_marked
  on conflict (run_id, policy, table_name, key) do update
    set before = excluded.before, after = excluded.after, undone_at = null
  returning 1`;
}
