import { databaseNow } from './cut-off.ts';
import { type Database, inTransaction } from './database.ts';
import type { CleanupEvent } from './events.ts';
import { createGate, type Gate } from './gate.ts';
import { LEASE_SECONDS } from './history/lease.ts';
import type { Ledger, LedgerRun } from './history/ledger.ts';
import { makePlan } from './make-plan.ts';
import type { RunSettings, Settings } from './options.ts';
import type { CleanupPlan } from './plan.ts';
import { LOOK_LIMITS } from './policy/prepare-policy.ts';
import { policyOrder } from './policy-order.ts';
import { policyFailure, untouchedReport } from './policy-report.ts';
import type { CleanupReport, PolicyReport } from './report.ts';
import { createRunBudget, type RunBudget } from './run-budget.ts';
import { runOne } from './run-one.ts';

/** What all policies of one run share. */
interface Run {
  readonly settings: Settings;
  readonly ledger: Ledger;
  readonly database: Database;
  readonly budget: RunBudget;
  readonly emit: (event: CleanupEvent) => void;
  readonly signal: AbortSignal | undefined;
}

/** A run that has the lease. */
export interface OpenRun extends Run {
  readonly now: string;
  readonly lease: LedgerRun;
  readonly gate: Gate;
  /** The plan that was given, or the one whose hash was. */
  readonly reviewed: CleanupPlan | undefined;
}

/** What makes a run no success. */
const FAULTS: ReadonlySet<string> = new Set(['refused', 'blocked', 'failed', 'fenced']);

/** Never rejects: what goes wrong is in the report. */
export async function runAll(
  settings: Settings,
  ledger: Ledger,
  options: RunSettings & { readonly policies: readonly string[] },
): Promise<CleanupReport> {
  const { pool, clock } = settings;
  const startedAt = clock.monotonic();
  const run: Run = {
    settings,
    ledger,
    database: { pool, clock, signal: options.signal },
    budget: createRunBudget(options, clock),
    emit: (event) => {
      tell(settings, event);
    },
    signal: options.signal,
  };
  const reports = new Map<string, PolicyReport>();
  const add = (report: PolicyReport): void => {
    reports.set(report.policy, report);
    run.emit({ type: 'policy-ended', policy: report.policy, report });
  };
  const { runId, notes } = await runPolicies(run, options, add);
  const inOrder = options.policies.flatMap((policy) => reports.get(policy) ?? []);
  return {
    runId,
    ok: inOrder.every(({ stopped }) => !FAULTS.has(stopped)),
    deleted: inOrder.reduce((sum, report) => sum + report.deleted, 0),
    durationMs: clock.monotonic() - startedAt,
    notes,
    policies: Object.fromEntries(inOrder.map((report) => [report.policy, report])),
  };
}

/** What is known of a run beside its policies. */
interface RunOutcome {
  /** If it got the lease. */
  readonly runId: string | undefined;
  readonly notes: readonly string[];
}

async function runPolicies(
  run: Run,
  options: RunSettings & { readonly policies: readonly string[] },
  add: (report: PolicyReport) => void,
): Promise<RunOutcome> {
  const left = [...options.policies];
  let open: OpenRun | undefined;
  let isOrdered = false;
  let isOk = true;
  while (left.length > 0) {
    const policy = left[0] ?? '';
    let report: PolicyReport | undefined;
    try {
      const stop = run.budget.reasonToStop();
      if (stop) report = untouched(run, policy, stop);
      // Asked again for the next policy only when the database was not there before.
      open ??= stop ? undefined : await openRun(run, options);
      if (open === undefined && !stop) report = untouched(run, policy, 'busy');
      if (open && !isOrdered) {
        isOrdered = true;
        left.splice(0, left.length, ...(await policyOrder(run.database, run.settings, left)));
        continue;
      }
      report ??= open && (await runOne(open, policy));
    } catch (error) {
      report = unreachable(run, policy, error);
    }
    left.shift();
    isOk &&= report !== undefined && !FAULTS.has(report.stopped);
    if (report) add(report);
    if (report?.stopped === 'fenced' || report?.stopped === 'stopped' || isBusyRun(open, report)) {
      for (const rest of left.splice(0)) add(untouched(run, rest, report?.stopped ?? 'busy'));
    }
  }
  return { runId: open?.lease.runId, notes: open ? await closeRun(open, isOk) : [] };
}

function isBusyRun(open: OpenRun | undefined, report: PolicyReport | undefined): boolean {
  return open === undefined && report?.stopped === 'busy';
}

/** Undefined when another runner has the lease. */
async function openRun(run: Run, options: RunSettings): Promise<OpenRun | undefined> {
  const { database, settings, ledger, budget, emit } = run;
  // Before the time is asked for: its cut-offs must not be later than that allows.
  const reviewed = await reviewedPlan(run, options);
  // One cut-off for the whole run.
  const now = await inTransaction(database, LOOK_LIMITS, databaseNow);
  const lease = await ledger.open({ database, now });
  if (lease === 'busy') return undefined;
  const { throttles } = settings;
  const gate = createGate({ database, throttles, budget, ledger: lease, emit });
  return { ...run, now, lease, gate, reviewed };
}

/**
 * A hash stands for the plan that would be made now; when they differ, for none, and every policy is
 * refused.
 */
async function reviewedPlan(
  { settings, ledger, signal }: Run,
  { plan, accept, policies }: RunSettings,
): Promise<CleanupPlan | undefined> {
  if (accept === undefined) return plan;
  const names = policies ?? Object.keys(settings.policies);
  const fresh = await makePlan(settings, ledger, { policies: names, signal });
  return fresh.hash === accept ? fresh : { ...fresh, ok: false, policies: {} };
}

/** Resolves with what to tell of it. */
async function closeRun({ lease, settings }: OpenRun, ok: boolean): Promise<readonly string[]> {
  try {
    await lease.close({ ok });
    return [];
  } catch (error) {
    const note = `The lease could not be given back, so runs are busy until it ends by itself, within ${LEASE_SECONDS} s`;
    settings.logger.warn({ error }, note);
    const { message } = Object(error) as { message?: unknown };
    return [`${note}: ${String(message ?? error)}`];
  }
}

function untouched(run: Run, policy: string, stopped: PolicyReport['stopped']): PolicyReport {
  return untouchedReport(policy, run.settings.policies[policy]?.table ?? '', stopped);
}

/** Nothing was deleted yet: the policy was still being looked at. */
function unreachable(run: Run, policy: string, error: unknown): PolicyReport {
  if (run.signal?.aborted === true && error === run.signal.reason) {
    return untouched(run, policy, 'aborted');
  }
  const table = run.settings.policies[policy]?.table ?? '';
  return untouchedReport(policy, table, 'failed', { error: policyFailure(policy, error) });
}

/** A listener's failure is its own. */
function tell({ onEvent }: Settings, event: CleanupEvent): void {
  try {
    const result: unknown = onEvent?.(event);
    if (result instanceof Promise) result.catch(() => {});
  } catch {
    // As above.
  }
}
