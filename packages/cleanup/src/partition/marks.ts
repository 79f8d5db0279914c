import type { Query } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';

/*
 * A partition that was detached is a table like any other: nothing tells where it came from. So
 * what is about to be detached is written down first, and found again after a crash at any point.
 */

/** A partition that is on its way out. */
export interface PartitionMark {
  readonly policy: string;
  readonly rootOid: string;
  /** The table that it is, or was, a partition of; with its schema, quoted. */
  readonly parent: string;
  readonly oid: string;
  /** With its schema, quoted. */
  readonly table: string;
  /** As the server writes it, in UTC; for attaching it again. */
  readonly bound: string;
  /** From statistics. */
  readonly rows: number | null;
  readonly bytes: number;
}

/** Where such a table is now. */
export type MarkState =
  | 'attached'
  /** Between the two phases of detaching concurrently. */
  | 'pending'
  | 'detached'
  | 'gone'
  /** Renamed, moved, or a partition of something else: somebody has taken it over. */
  | 'taken';

function tableOf(schema: string): string {
  return `${quoteIdentifier(schema)}.dropped_partitions`;
}

/** Marks of the root that are not done with; none when the tables are not there. Only reads. */
export async function pendingMarks(
  query: Query,
  schema: string,
  rootOid: string,
): Promise<readonly PartitionMark[]> {
  const table = tableOf(schema);
  const [readable] = await query(
    `select has_table_privilege(oid, 'select')::text as is_readable
     from to_regclass($1) oid
     where oid is not null`,
    [table],
  );
  if (readable?.['is_readable'] !== 'true') return [];
  const rows = await query(
    `select
       policy, parent_name, table_oid::text as oid, table_name, bound,
       row_count::text as row_count, byte_count::text as byte_count
     from ${table}
     where root_oid = $1::oid and dropped_at is null
     order by detach_at`,
    [rootOid],
  );
  return rows.map((row) => ({
    policy: row['policy'] ?? '',
    rootOid,
    parent: row['parent_name'] ?? '',
    oid: row['oid'] ?? '',
    table: row['table_name'] ?? '',
    bound: row['bound'] ?? '',
    rows: row['row_count'] == null ? null : Number(row['row_count']),
    bytes: Number(row['byte_count']),
  }));
}

/** Does nothing when it is marked already, by a run that was interrupted. */
export async function addMark(
  query: Query,
  schema: string,
  runId: string,
  mark: PartitionMark,
): Promise<void> {
  await query(
    `insert into ${tableOf(schema)}
       (run_id, policy, root_oid, parent_name, table_oid, table_name, bound, row_count, byte_count, detach_at)
     values ($1, $2, $3::oid, $4, $5::oid, $6, $7, $8::bigint, $9::bigint, clock_timestamp())
     on conflict do nothing`,
    [
      runId,
      mark.policy,
      mark.rootOid,
      mark.parent,
      mark.oid,
      mark.table,
      mark.bound,
      mark.rows,
      mark.bytes,
    ],
  );
}

/** The partition stays. */
export async function removeMark(query: Query, schema: string, oid: string): Promise<void> {
  await query(`delete from ${tableOf(schema)} where table_oid = $1::oid and dropped_at is null`, [
    oid,
  ]);
}

/** In the transaction of the drop. It counts for the run that did it, not for the one that began it. */
export async function noteDropped(
  query: Query,
  schema: string,
  runId: string,
  oid: string,
): Promise<void> {
  await query(
    `update ${tableOf(schema)}
     set dropped_at = clock_timestamp(), run_id = $2
     where table_oid = $1::oid and dropped_at is null`,
    [oid, runId],
  );
}

/** Waits for a transaction that is dropping it. */
export async function wasDropped(
  query: Query,
  schema: string,
  runId: string,
  oid: string,
): Promise<boolean> {
  const rows = await query(
    `select (dropped_at is not null and run_id = $2)::text as is_dropped
     from ${tableOf(schema)}
     where table_oid = $1::oid
     for update`,
    [oid, runId],
  );
  return rows.some((row) => row['is_dropped'] === 'true');
}

/** By its oid, as names may have been given to other tables since. */
export async function stateOf(query: Query, mark: PartitionMark): Promise<MarkState> {
  const [row] = await query(
    `select
       (c.oid = to_regclass($2))::text as is_same,
       (c.relkind in ('r', 'p'))::text as is_table,
       (i.inhparent is not null)::text as has_parent,
       (i.inhparent = to_regclass($3))::text as is_same_parent,
       coalesce(i.inhdetachpending, false)::text as is_pending
     from pg_class c
     left join pg_inherits i on i.inhrelid = c.oid
     where c.oid = $1::oid`,
    [mark.oid, mark.table, mark.parent],
  );
  if (!row) return 'gone';
  if (row['is_same'] !== 'true' || row['is_table'] !== 'true') return 'taken';
  if (row['has_parent'] !== 'true') return 'detached';
  if (row['is_same_parent'] !== 'true') return 'taken';
  return row['is_pending'] === 'true' ? 'pending' : 'attached';
}
