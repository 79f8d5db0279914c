import { databaseNow } from '../cut-off.ts';
import { type Database, inTransaction, type Query } from '../database.ts';
import { CleanupTablesMissingError } from '../errors.ts';
import { look } from '../history/ensure-tables.ts';
import { LEASE_SECONDS } from '../history/lease.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { Settings } from '../options.ts';
import type { StopReason } from '../report.ts';
import { findOldestDue, type OldestDue } from './oldest-due.ts';

/** How cleanup is going, as `status()` finds it. Plain data. */
export interface CleanupStatus<Name extends string = string> {
  /** The database's time, UTC, with microseconds. */
  readonly at: string;
  /** No policy is overdue. */
  readonly ok: boolean;
  /** The run that is under way, in whatever process; null when none is. */
  readonly running: RunningRun | null;
  readonly policies: { readonly [K in Name]: PolicyStatus };
}

/** A run that has the lease. */
export interface RunningRun {
  readonly runId: string;
  /** Host, process and run. */
  readonly owner: string;
  readonly startedAt: string;
  readonly isStopRequested: boolean;
}

/** One policy of a {@link CleanupStatus}. */
export interface PolicyStatus {
  readonly policy: string;
  /** With its schema, quoted. */
  readonly table: string;
  /**
   * How long the oldest due row has been due, in milliseconds; 0 when none is. For `inactiveFor` and
   * ages of each row's own only whether there is one: 0 or 1. Where whole partitions are dropped, of
   * the oldest partition: since all of it is due. Null when it could not be found out.
   */
  readonly lateMs: number | null;
  readonly lastRun: LastRun | null;
  /** End of the last run that left nothing; null when there was none. */
  readonly lastDrainedAt: string | null;
  /**
   * Rows are due, and no run has drained the policy for longer than `overdueAfter`, or ever; or
   * nothing can be said of it. Where to look takes too long, rows count as due.
   */
  readonly isOverdue: boolean;
  /** Why it is, or is not, in a sentence with the numbers. */
  readonly why: string;
}

/** The last run of a policy, also one that is under way. */
export interface LastRun {
  readonly runId: string;
  readonly startedAt: string;
  /** Null while it lasts, and when its process died. */
  readonly endedAt: string | null;
  readonly stopped: StopReason | null;
  readonly deleted: number;
  readonly softDeleted: number;
  readonly archived: number;
}

const LIMITS = { lockTimeoutMs: 1_000, statementTimeoutMs: 5_000, access: 'read only' } as const;
const UTC = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"';

/** @throws CleanupTablesMissingError, the signal's reason, or what the database says. */
export async function readStatus(
  database: Database,
  settings: Settings,
  options: { readonly policies: readonly string[]; readonly overdueAfterMs: number },
): Promise<CleanupStatus> {
  const { schema } = settings.history;
  const now = await inTransaction(database, LIMITS, databaseNow);
  const { running, last } = await inTransaction(database, LIMITS, async (query) => {
    const { missing } = await look(query, schema);
    if (missing.length > 0) throw new CleanupTablesMissingError(schema, missing);
    return {
      running: await readRunning(query, settings),
      last: await readLastRuns(query, schema, options.policies),
    };
  });
  const policies: PolicyStatus[] = [];
  for (const policy of options.policies) {
    database.signal?.throwIfAborted();
    const due = await findOldestDue(database, settings, policy, now);
    const { lastRun = null, lastDrainedAt = null } = last.get(policy) ?? {};
    const facts = { policy, table: due.table, lateMs: due.lateMs, lastRun, lastDrainedAt };
    policies.push({ ...facts, ...judge(facts, due, now, options.overdueAfterMs) });
  }
  return {
    at: now,
    ok: policies.every(({ isOverdue }) => !isOverdue),
    running,
    policies: Object.fromEntries(policies.map((each) => [each.policy, each])),
  };
}

type Facts = Omit<PolicyStatus, 'isOverdue' | 'why'>;

function judge(
  { lateMs, lastDrainedAt, lastRun }: Facts,
  due: OldestDue,
  now: string,
  overdueAfterMs: number,
): Pick<PolicyStatus, 'isOverdue' | 'why'> {
  if (lateMs === 0) return { isOverdue: false, why: 'No row is due' };
  const unknown = due.why ?? 'Nothing can be said of it';
  const stopped = lastRun?.stopped ? `; the last run ended with ${lastRun.stopped}` : '';
  // What is only slow to look at is judged by its runs.
  if (lateMs === null && (lastDrainedAt === null || !due.isSlow)) {
    return { isOverdue: true, why: unknown };
  }
  if (lastDrainedAt === null) {
    // Rows that have only just come due wait for the first run.
    const isOverdue = (lateMs ?? 0) > overdueAfterMs;
    const late = lateMs !== null && lateMs > 1 ? `, the oldest row for ${hours(lateMs)}` : '';
    return { isOverdue, why: `Rows are due${late}, and no run has drained it yet${stopped}` };
  }
  const sinceMs = Date.parse(now) - Date.parse(lastDrainedAt);
  const rows = lateMs === null ? unknown.split(';', 1)[0] : 'Rows are due';
  const why = `${rows}, and the last run that drained it ended ${hours(sinceMs)} ago`;
  const isOverdue = sinceMs > overdueAfterMs;
  return { isOverdue, why: isOverdue ? `${why}, limit ${hours(overdueAfterMs)}${stopped}` : why };
}

function hours(ms: number): string {
  const inHours = ms / 3_600_000;
  if (inHours < 2) return `${Math.round(ms / 60_000)} min`;
  return inHours < 72 ? `${Number(inHours.toPrecision(3))} h` : `${Math.round(inHours / 24)} days`;
}

async function readRunning(query: Query, { name, history }: Settings): Promise<RunningRun | null> {
  const quoted = quoteIdentifier(history.schema);
  const [row] = await query(
    `select
       lease.run_id::text as run_id,
       lease.owner,
       to_char(run.started_at at time zone 'UTC', '${UTC}') as started_at,
       (lease.stop_requested_at is not null)::text as is_stopping
     from ${quoted}.leases lease
     join ${quoted}.runs run on run.id = lease.run_id
     where lease.name = $1
       and lease.owner is not null
       and lease.heartbeat_at >= clock_timestamp() - $2::int * interval '1 second'`,
    [name, LEASE_SECONDS],
  );
  if (!row) return null;
  return {
    runId: row['run_id'] ?? '',
    owner: row['owner'] ?? '',
    startedAt: row['started_at'] ?? '',
    isStopRequested: row['is_stopping'] === 'true',
  };
}

interface PolicyPast {
  readonly lastRun: LastRun | null;
  readonly lastDrainedAt: string | null;
}

async function readLastRuns(
  query: Query,
  schema: string,
  policies: readonly string[],
): Promise<ReadonlyMap<string, PolicyPast>> {
  const table = `${quoteIdentifier(schema)}.policy_runs`;
  const rows = await query(
    `select
       wanted.policy,
       last.run_id::text as run_id,
       to_char(last.started_at at time zone 'UTC', '${UTC}') as started_at,
       to_char(last.ended_at at time zone 'UTC', '${UTC}') as ended_at,
       last.stopped,
       last.deleted::text as deleted,
       last.soft_deleted::text as soft_deleted,
       last.archived::text as archived,
       to_char(drained.ended_at at time zone 'UTC', '${UTC}') as drained_at
     from unnest($1::text[]) wanted (policy)
     left join lateral (
       select * from ${table} p where p.policy = wanted.policy order by p.started_at desc limit 1
     ) last on true
     left join lateral (
       select p.ended_at
       from ${table} p
       where p.policy = wanted.policy and p.stopped = 'drained'
       order by p.started_at desc
       limit 1
     ) drained on true`,
    [policies],
  );
  return new Map(
    rows.map((row) => [
      row['policy'] ?? '',
      {
        lastDrainedAt: row['drained_at'] ?? null,
        lastRun:
          row['run_id'] == null
            ? null
            : {
                runId: row['run_id'],
                startedAt: row['started_at'] ?? '',
                endedAt: row['ended_at'] ?? null,
                stopped: (row['stopped'] ?? null) as StopReason | null,
                deleted: Number(row['deleted']),
                softDeleted: Number(row['soft_deleted']),
                archived: Number(row['archived']),
              },
      },
    ]),
  );
}
