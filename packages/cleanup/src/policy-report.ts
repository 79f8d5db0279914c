import { type Database, inTransaction, isServerError } from './database.ts';
import { PolicyFailedError } from './errors.ts';
import type { PolicyPlan } from './plan.ts';
import { remaining } from './policy-tally.ts';
import type { PolicyReport, StopReason } from './report.ts';
import type { PolicyResult } from './run-policy.ts';

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
    skipped: 0,
    unconfirmed: 0,
    blocked: [],
    blockedCount: 0,
    batches: { count: 0, failedCount: 0, p50Ms: null, p99Ms: null },
    durationMs: 0,
    walBytes: null,
    refusals: [],
    notes: [],
    error: undefined,
    ...facts,
  };
}

const SPACE_NOTE =
  'The space of the deleted rows is used again by this table once it is vacuumed; its file does not shrink, and the disk gets nothing back.';

export function policyReport(
  plan: PolicyPlan,
  { stopped, tally, batchTimes, notes, error }: PolicyResult,
  measured: { readonly durationMs: number; readonly walBytes: number | null },
): PolicyReport {
  const { skipped, blocked, blockedCount } = remaining(tally);
  return untouchedReport(plan.policy, plan.table, stopped, {
    ...measured,
    cutOff: plan.cutOff,
    picked: tally.deleted + skipped,
    deleted: tally.deleted,
    skipped,
    unconfirmed: tally.unconfirmed,
    blocked,
    blockedCount,
    batches: {
      count: batchTimes.count,
      failedCount: tally.failedCount,
      p50Ms: batchTimes.percentile(0.5),
      p99Ms: batchTimes.percentile(0.99),
    },
    notes: tally.deleted > 0 ? [...notes, SPACE_NOTE] : notes,
    error: stopped === 'failed' ? policyFailure(plan.policy, error) : undefined,
  });
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
