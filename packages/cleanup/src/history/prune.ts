import type { Query } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';

/** Runs that are forgotten at the end of one run, so that the first prune of a long history is short. */
const PRUNED_MAX = 1_000;

/**
 * Forgets runs that began more than `keepMs` ago. Not one that an archive is known by, whose rows
 * could not be restored any more, nor the newest of a policy, by which the next one is judged.
 */
export async function pruneHistory(query: Query, schema: string, keepMs: number): Promise<void> {
  const quoted = quoteIdentifier(schema);
  const old = `started_at < clock_timestamp() - $1::bigint * interval '1 millisecond'`;
  // Marks that are so old were purged long since, or belong to a policy that is gone.
  await query(
    `delete from ${quoted}.soft_deleted
     where run_id in (select id from ${quoted}.runs where ${old} order by started_at limit $2::int)`,
    [Math.round(keepMs), PRUNED_MAX],
  );
  await query(
    `delete from ${quoted}.runs
     where id in (
       select id
       from ${quoted}.runs run
       where ${old}
         and ended_at is not null
         and not exists (select from ${quoted}.manifest where run_id = run.id)
         and not exists (select from ${quoted}.soft_deleted where run_id = run.id)
         and not exists (
           select
           from ${quoted}.dropped_partitions
           where run_id = run.id and dropped_at is null
         )
         and not exists (
           select
           from ${quoted}.policy_runs mine
           where mine.run_id = run.id
             and not exists (
               select
               from ${quoted}.policy_runs newer
               where newer.policy = mine.policy and newer.started_at > mine.started_at
             )
         )
       order by started_at
       limit $2::int
     )`,
    [Math.round(keepMs), PRUNED_MAX],
  );
}
