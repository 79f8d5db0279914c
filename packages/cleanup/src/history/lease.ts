import { isServerError, type Query } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { LeaseState } from './ledger.ts';

/*
 * One row a name. Who holds it is in it, and a fence number that rises with every change of hands; so
 * a runner that was stopped for longer than the lease lasts, and wakes up, finds another number and
 * commits nothing. All times are the database's. Nothing here needs a session of its own, so it works
 * behind a transaction pooler.
 */

/** Without a sign of life for so long a lease is free. One comes with every batch, and every 10 s between batches. */
export const LEASE_SECONDS = 60;

/** Who holds the lease of a name. */
export interface Lease {
  readonly name: string;
  readonly owner: string;
  readonly fence: string;
}

/** Takes the lease when it is free; undefined when another runner has it. Locks its row. */
export async function takeLease(
  query: Query,
  schema: string,
  taking: { readonly name: string; readonly owner: string; readonly runId: string },
): Promise<Lease | undefined> {
  const { name, owner, runId } = taking;
  try {
    const [row] = await query(
      `insert into ${quoteIdentifier(schema)}.leases as lease
         (name, owner, run_id, fence, heartbeat_at)
       values ($1, $2, $3, 1, clock_timestamp())
       on conflict (name) do update set
         owner = excluded.owner,
         run_id = excluded.run_id,
         fence = lease.fence + 1,
         heartbeat_at = clock_timestamp(),
         stop_requested_at = null,
         stop_requested_by = null,
         stop_reason = null
       where lease.owner is null
         or lease.heartbeat_at < clock_timestamp() - $4::int * interval '1 second'
       returning fence::text as fence`,
      [name, owner, runId, LEASE_SECONDS],
    );
    return row ? { name, owner, fence: row['fence'] ?? '' } : undefined;
  } catch (error) {
    // Its holder is in the middle of a batch.
    if (isServerError(error) && error.code === '55P03') return undefined;
    throw error;
  }
}

/** Shows a sign of life, and keeps the lease from changing hands until the transaction ends. */
export async function holdLease(query: Query, schema: string, lease: Lease): Promise<LeaseState> {
  const [row] = await query(
    `update ${quoteIdentifier(schema)}.leases
     set heartbeat_at = clock_timestamp()
     where name = $1 and owner = $2 and fence = $3::bigint
     returning (stop_requested_at is not null)::text as is_stopping`,
    [lease.name, lease.owner, lease.fence],
  );
  if (!row) return 'lost';
  return row['is_stopping'] === 'true' ? 'stop-requested' : 'held';
}

/**
 * As {@link holdLease}, and keeps runs of other names from the table until the transaction ends. One
 * statement, since it comes with every batch. The table's lock is an advisory one of the transaction:
 * behind a transaction pooler one of the session would stay with whichever connection took it.
 */
export async function holdTable(
  query: Query,
  schema: string,
  lease: Lease,
  oid: string,
): Promise<LeaseState | 'busy'> {
  const [row] = await query(
    `with ops_cleanup_lease as (
       update ${quoteIdentifier(schema)}.leases
       set heartbeat_at = clock_timestamp()
       where name = $1 and owner = $2 and fence = $3::bigint
       returning stop_requested_at is not null as is_stopping
     )
     select
       is_stopping::text as is_stopping,
       pg_try_advisory_xact_lock(hashtextextended('@ops/cleanup ' || $4, 0))::text as is_only
     from ops_cleanup_lease`,
    [lease.name, lease.owner, lease.fence, oid],
  );
  if (!row) return 'lost';
  if (row['is_stopping'] === 'true') return 'stop-requested';
  return row['is_only'] === 'true' ? 'held' : 'busy';
}

/** Gives the lease back; does nothing when it is another's by now. */
export async function giveBackLease(query: Query, schema: string, lease: Lease): Promise<void> {
  await query(
    `update ${quoteIdentifier(schema)}.leases
     set owner = null, run_id = null, stop_requested_at = null
     where name = $1 and owner = $2 and fence = $3::bigint`,
    [lease.name, lease.owner, lease.fence],
  );
}
