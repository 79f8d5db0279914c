import type { ColumnFacts } from '../catalog/columns.ts';
import type { Query } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';

/** Whose marks, and in which table they are. */
export interface MarkPlace {
  readonly historySchema: string;
  readonly policy: string;
  /** With its schema, quoted. */
  readonly table: string;
  /** Gets the time of the mark. */
  readonly at: ColumnFacts;
}

/**
 * The times that runs of this policy have marked rows with, before `cutOff`, as the column holds them:
 * all rows of a run have its start. By these its marks are told from those of the application or of
 * another policy, which may be the same in all else. Not of a run whose marks may still be taken back,
 * since `purgeAfter` was longer when it made them. Empty without the history's tables, or without the
 * right to read them: nothing is known to be the policy's own then.
 */
export async function ownMarkTimes(
  query: Query,
  { historySchema, policy, table, at }: MarkPlace,
  { now, cutOff }: { readonly now: string; readonly cutOff: string },
): Promise<readonly string[]> {
  if (!(await isReadable(query, historySchema))) return [];
  const quoted = quoteIdentifier(historySchema);
  const rows = await query(
    `select distinct run.started_at::${at.typeWithModifier}::text as marked_at
     from ${quoted}.policy_runs mine
     join ${quoted}.runs run on run.id = mine.run_id
     left join lateral (
       -- All of one policy in one run end together.
       select mark.undo_until
       from ${quoted}.soft_deleted mark
       where mark.run_id = mine.run_id and mark.policy = mine.policy
       limit 1
     ) first on true
     where mine.policy = $1
       and mine.table_name = $2
       and mine.soft_deleted > 0
       and run.started_at < $3::timestamptz
       and coalesce(first.undo_until <= $4::timestamptz, true)`,
    [policy, table, cutOff, now],
  );
  return rows.map((row) => row['marked_at'] ?? '');
}

/** Not by to_regclass, which fails where the role may not look into the schema. */
async function isReadable(query: Query, schema: string): Promise<boolean> {
  const [row] = await query(
    `select (count(*) = 3)::text as is_readable
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1
       and c.relname in ('runs', 'policy_runs', 'soft_deleted')
       and has_schema_privilege(n.oid, 'usage')
       and has_table_privilege(c.oid, 'select')`,
    [schema],
  );
  return row?.['is_readable'] === 'true';
}
