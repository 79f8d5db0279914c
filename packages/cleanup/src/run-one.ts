import type { LedgerPolicy } from './history/ledger.ts';
import type { PolicyPlan } from './plan.ts';
import { LOOK_LIMITS, type PreparedPolicy, preparePolicy } from './policy/prepare-policy.ts';
import { partitionReport, policyReport, untouchedReport, walPosition } from './policy-report.ts';
import type { PolicyReport } from './report.ts';
import type { OpenRun } from './run-all.ts';
import { runPolicy } from './run-policy.ts';
import { wiring } from './wiring.ts';

/** Runs one policy, looked at anew first. */
export async function runOne(run: OpenRun, policy: string): Promise<PolicyReport> {
  const { clock } = run.settings;
  const startedAt = clock.monotonic();
  // A Map, since a policy may be called `constructor`.
  const accepted = new Map(Object.entries(run.reviewed?.policies ?? {})).get(policy);
  if (run.reviewed && !accepted) {
    const message = `The plan or hash that was given does not show the policy ${policy} as it is now; make a new one`;
    const refusals = [{ code: 'plan', message }] as const;
    const table = run.settings.policies[policy]?.table ?? '';
    return untouchedReport(policy, table, 'refused', { refusals });
  }
  const { database, now, ledger, lease } = run;
  const prepared = await preparePolicy(policy, run.settings, {
    database,
    now,
    runId: lease.runId,
    accepted,
    acceptedShares: ledger.acceptedShares,
  });
  const { plan } = prepared;
  const books = await lease.openPolicy({
    policy,
    hash: plan.hash,
    table: plan.table,
    cutOff: plan.cutOff,
    share: plan.share,
    isShareAccepted: accepted !== undefined && plan.refusals.length === 0,
  });
  const report = await work(run, prepared, books, startedAt);
  try {
    await books.close(report);
  } catch (error) {
    run.settings.logger.error({ error, policy }, 'The policy could not be closed in the history');
  }
  return report;
}

async function work(
  run: OpenRun,
  prepared: PreparedPolicy,
  ledger: LedgerPolicy,
  startedAt: number,
): Promise<PolicyReport> {
  const { settings, database, budget, gate, emit } = run;
  const { clock, pace } = settings;
  const { plan } = prepared;
  const { policy, table, cutOff, candidates, refusals } = plan;
  if (!prepared.work || !candidates) {
    const durationMs = clock.monotonic() - startedAt;
    return untouchedReport(policy, table, 'refused', { cutOff, refusals, durationMs });
  }
  emit({ type: 'policy-started', policy, table, cutOff, candidates });
  const walBefore = await walPosition(database);
  const shared = { database, pace, budget, gate, ledger, emit };
  const report = await finished(prepared.work, plan, {
    ...shared,
    policy,
    candidates,
    lookLimits: LOOK_LIMITS,
  });
  const walAfter = await walPosition({ ...database, signal: undefined });
  return {
    ...report,
    durationMs: clock.monotonic() - startedAt,
    walBytes: walBefore === null || walAfter === null ? null : Number(walAfter - walBefore),
  };
}

async function finished(
  prepared: NonNullable<PreparedPolicy['work']>,
  plan: PolicyPlan,
  job: Omit<Parameters<typeof runPolicy>[0], 'steps'>,
): Promise<PolicyReport> {
  if (prepared.type === 'steps') {
    return policyReport(plan, await runPolicy({ ...job, steps: prepared.steps }));
  }
  if (!wiring.partitions) throw new TypeError('partitions were prepared, and cannot be dropped');
  return partitionReport(plan, await wiring.partitions.drop(prepared.context, job));
}
