import { type Database, inTransaction, type Query, type TransactionLimits } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';

/*
 * What the history forgets, at the end of each run. In small transactions, each a batch like those of
 * a policy: a soft delete may have marked millions of rows, and a first prune may come after years.
 */

/** What to forget, and within what. */
export interface Pruning {
  readonly database: Database;
  readonly limits: TransactionLimits;
  readonly schema: string;
  /** Age of the oldest run that is kept. */
  readonly keepMs: number;
}

/** Marks in one statement: 100 ms, measured on a busy machine. */
const MARKS_MAX = 5_000;
/** Runs in one statement, with their policies and dropped partitions. */
const RUNS_MAX = 100;
/** For all of it; the next run goes on. A million marks take 20 s, measured beside a held snapshot. */
const PATIENCE_MS = 30_000;
const DAY_MS = 86_400_000;
/** So long after the last moment of an undo `undo()` still says what became of its rows. */
const MARKS_KEPT_MS = 30 * DAY_MS;

/**
 * Forgets marks of soft deletes that nobody can take back any more, `MARKS_KEPT_MS` after that or
 * `keepMs` when it is shorter, and runs that began more than `keepMs` ago. Not a run that an archive is
 * known by, whose rows could not be restored any more, nor one that has marked rows, which are told
 * from others' by it until they are purged, and a hold may keep them for years; nor the newest of a
 * policy, by which the next one is judged. Rows that somebody has locked wait for the next time.
 */
export async function pruneHistory(pruning: Pruning): Promise<void> {
  const { clock, signal } = pruning.database;
  const endsAt = clock.monotonic() + PATIENCE_MS;
  const isOver = (): boolean => signal?.aborted === true || clock.monotonic() >= endsAt;
  const marked = isOver() ? [] : await inBatch(pruning, (query) => endedUndos(query, pruning));
  for (const of of marked) await forgetMarks(pruning, of, isOver);
  let count = RUNS_MAX;
  while (count === RUNS_MAX && !isOver()) {
    count = await inBatch(pruning, (query) => forgetRuns(query, pruning));
  }
}

/** A batch that was begun is finished. */
function inBatch<T>({ database, limits }: Pruning, work: (query: Query) => Promise<T>): Promise<T> {
  return inTransaction({ ...database, signal: undefined }, limits, work);
}

/** Where the marks are that have had their time: those of one policy in one run end together. */
async function endedUndos(query: Query, { schema, keepMs }: Pruning): Promise<readonly Marked[]> {
  const quoted = quoteIdentifier(schema);
  const rows = await query(
    `select mine.run_id::text as run_id, mine.policy
     from ${quoted}.policy_runs mine
     cross join lateral (
       select mark.undo_until
       from ${quoted}.soft_deleted mark
       where mark.run_id = mine.run_id and mark.policy = mine.policy
       limit 1
     ) first
     where first.undo_until < clock_timestamp() - $1::bigint * interval '1 millisecond'
     order by mine.started_at`,
    [markAge(keepMs)],
  );
  return rows.map((row) => ({ runId: row['run_id'] ?? '', policy: row['policy'] ?? '' }));
}

interface Marked {
  readonly runId: string;
  readonly policy: string;
}

interface MarkPlace {
  readonly tableName: string;
  readonly key: string;
}

async function forgetMarks(pruning: Pruning, of: Marked, isOver: () => boolean): Promise<void> {
  let after: MarkPlace | undefined = { tableName: '', key: '{}' };
  while (after && !isOver()) after = await forgetSome(pruning, { ...of, ...after });
}

/**
 * By key behind the last one: dead index entries of the batches before would be met again by each,
 * while somebody holds an old snapshot. Undefined when none was left.
 */
async function forgetSome(
  pruning: Pruning,
  from: Marked & MarkPlace,
): Promise<MarkPlace | undefined> {
  const table = `${quoteIdentifier(pruning.schema)}.soft_deleted`;
  const text = `with picked as materialized (
       select mark.ctid as place, mark.table_name, mark.key
       from ${table} mark
       where mark.run_id = $1::uuid
         and mark.policy = $2
         and (mark.table_name, mark.key) > ($3, $4::jsonb)
         and mark.undo_until < clock_timestamp() - $5::bigint * interval '1 millisecond'
       order by mark.table_name, mark.key
       limit $6::int
       for update skip locked
     ),
     gone as (
       delete from ${table} mark
       using picked
       where mark.ctid = picked.place
     )
     select picked.table_name, picked.key::text as key
     from picked
     order by picked.table_name desc, picked.key desc
     limit 1`;
  const values = [
    from.runId,
    from.policy,
    from.tableName,
    from.key,
    markAge(pruning.keepMs),
    MARKS_MAX,
  ];
  const [row] = await inBatch(pruning, (query) => query(text, values));
  return row && { tableName: row['table_name'] ?? '', key: row['key'] ?? '' };
}

function markAge(keepMs: number): number {
  return Math.round(Math.min(keepMs, MARKS_KEPT_MS));
}

/** How many. Their policies go by a foreign key. */
async function forgetRuns(query: Query, { schema, keepMs }: Pruning): Promise<number> {
  const quoted = quoteIdentifier(schema);
  const [row] = await query(
    `with old as materialized (
       select run.id
       from ${quoted}.runs run
       where run.started_at < clock_timestamp() - $1::bigint * interval '1 millisecond'
         and run.ended_at is not null
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
             and (
               mine.soft_deleted > 0
               or not exists (
                 select
                 from ${quoted}.policy_runs newer
                 where newer.policy = mine.policy and newer.started_at > mine.started_at
               )
             )
         )
       order by run.started_at
       limit $2::int
       for update of run skip locked
     ),
     gone as (
       delete from ${quoted}.runs run
       using old
       where run.id = old.id
       returning 1
     )
     select count(*)::text as count
     from gone`,
    [Math.round(keepMs), RUNS_MAX],
  );
  return Number(row?.['count']);
}
