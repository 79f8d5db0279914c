import { type Database, inTransaction } from '../database.ts';
import { CleanupTablesMissingError } from '../errors.ts';
import { quoteIdentifier } from '../identifier.ts';
import { look } from './ensure-tables.ts';
import { LEASE_SECONDS } from './lease.ts';

/** What {@link stopRun} found. */
export interface StopReport {
  /** The run that was asked to stop; null when none was under way. */
  readonly runId: string | null;
}

const LIMITS = { lockTimeoutMs: 5_000, statementTimeoutMs: 10_000, access: 'read write' } as const;

/** Asks the run that holds the lease to stop, in whatever process it is. Waits for its batch to end. */
export async function stopRun(
  database: Database,
  schema: string,
  asking: {
    readonly name: string;
    readonly by: string | undefined;
    readonly reason: string | undefined;
  },
): Promise<StopReport> {
  const rows = await inTransaction(database, LIMITS, async (query) => {
    const { missing } = await look(query, schema);
    if (missing.length > 0) throw new CleanupTablesMissingError(schema, missing);
    return query(
      `update ${quoteIdentifier(schema)}.leases
       set stop_requested_at = clock_timestamp(), stop_requested_by = $2, stop_reason = $3
       where name = $1
         and owner is not null
         and heartbeat_at >= clock_timestamp() - $4::int * interval '1 second'
       returning run_id::text as run_id`,
      [asking.name, asking.by ?? null, asking.reason ?? null, LEASE_SECONDS],
    );
  });
  return { runId: rows[0]?.['run_id'] ?? null };
}
