import { type Database, inTransaction, isServerError } from './database.ts';
import { PolicyFailedError } from './errors.ts';
import type { PolicyPlan } from './plan.ts';
import type { PolicyReport, StopReason } from './report.ts';
import type { PolicyResult } from './run-policy.ts';
import type { PartitionOutcome } from './wiring.ts';

/** Report of a policy that did not get to its first batch. */
export function untouchedReport(
  policy: string,
  table: string,
  stopped: StopReason,
  facts: Partial<PolicyReport> = {},
): PolicyReport {
  return {
    policy,
    table,
    stopped,
    cutOff: null,
    picked: 0,
    deleted: 0,
    archived: 0,
    softDeleted: 0,
    purged: 0,
    droppedPartitions: [],
    skipped: 0,
    unconfirmed: 0,
    blocked: [],
    blockedCount: 0,
    batches: { count: 0, failedCount: 0, p50Ms: null, p99Ms: null },
    durationMs: 0,
    throttledMs: 0,
    walBytes: null,
    reusableBytes: null,
    refusals: [],
    notes: [],
    error: undefined,
    ...facts,
  };
}

export function policyReport(
  plan: PolicyPlan,
  { stopped, tally, batchTimes, notes, error }: PolicyResult,
): PolicyReport {
  const { deleted, softDeleted, purged, archived, unconfirmed, throttledMs } = tally;
  const { skipped, blocked, blockedCount } = tally.left;
  const reusableBytes = reusable(plan, deleted);
  return untouchedReport(plan.policy, plan.table, stopped, {
    cutOff: plan.cutOff,
    picked: deleted + softDeleted + skipped,
    deleted,
    archived,
    softDeleted,
    purged,
    skipped,
    unconfirmed,
    blocked,
    blockedCount,
    batches: {
      count: batchTimes.count,
      failedCount: tally.failedCount,
      p50Ms: batchTimes.percentile(0.5),
      p99Ms: batchTimes.percentile(0.99),
    },
    throttledMs,
    reusableBytes,
    notes: [...notes, ...spaceNotes(deleted, softDeleted, reusableBytes)],
    error: stopped === 'failed' ? policyFailure(plan.policy, error) : undefined,
  });
}

/** Report of a policy that drops partitions. */
export function partitionReport(
  plan: PolicyPlan,
  { stopped, dropped, notes, error }: PartitionOutcome,
): PolicyReport {
  const rows = dropped.reduce((sum, partition) => sum + (partition.rows ?? 0), 0);
  const space =
    dropped.length > 0 ? ['The space of the dropped partitions went back to the disk.'] : [];
  return untouchedReport(plan.policy, plan.table, stopped, {
    cutOff: plan.cutOff,
    picked: rows,
    deleted: rows,
    droppedPartitions: dropped.map(({ table }) => table),
    notes: [...notes, ...space],
    error: stopped === 'failed' ? policyFailure(plan.policy, error) : undefined,
  });
}

/** The share of the heap that the deleted rows had. */
function reusable({ walks, rows }: PolicyPlan, deleted: number): number | null {
  if (!rows || rows.count === 0) return null;
  const bytes = walks.reduce((sum, { pages }) => sum + pages, 0) * PAGE_BYTES;
  return Math.round(bytes * Math.min(1, deleted / rows.count));
}

const PAGE_BYTES = 8_192;
/** From here on it is worth the disk's while. */
const MUCH_BYTES = 1_000_000_000;

function spaceNotes(
  deleted: number,
  softDeleted: number,
  reusableBytes: number | null,
): readonly string[] {
  const marked =
    softDeleted > 0
      ? ['Rows that are only marked still take their space, and their old versions until vacuum.']
      : [];
  if (deleted === 0) return marked;
  const size = reusableBytes === null ? '' : `, about ${megabytes(reusableBytes)} MB of its heap,`;
  const note = `The space of the deleted rows${size} is used again by this table once it is vacuumed; its file does not shrink, and the disk gets nothing back.`;
  if ((reusableBytes ?? 0) < MUCH_BYTES) return [...marked, note];
  return [
    ...marked,
    note,
    'To give so much back to the disk, rewrite the table with pg_repack or pg_squeeze (both need the room of a copy; "vacuum full" locks the table for as long); with partitions by time, dropping one gives it back at once.',
  ];
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toLocaleString('en', { maximumFractionDigits: 1 });
}

export function policyFailure(policy: string, cause: unknown): PolicyFailedError {
  if (isServerError(cause)) {
    return new PolicyFailedError(policy, `${cause.message} (${cause.code})`, {
      cause,
      sqlState: cause.code,
    });
  }
  // A refused connection comes as an AggregateError without a message.
  const { message, code } = Object(cause) as { message?: unknown; code?: unknown };
  return new PolicyFailedError(policy, String(message || code || cause), { cause });
}

const WAL_LIMITS = {
  lockTimeoutMs: 1_000,
  statementTimeoutMs: 1_000,
  access: 'read only',
} as const;

/** Where the server's write-ahead log is, in bytes; null when it could not be asked. */
export async function walPosition(database: Database): Promise<bigint | null> {
  try {
    const [row] = await inTransaction(database, WAL_LIMITS, (query) =>
      query(`select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text as position`),
    );
    return BigInt(row?.['position'] ?? '');
  } catch {
    return null;
  }
}
