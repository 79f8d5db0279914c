import { databaseNow } from './cut-off.ts';
import { type Database, inTransaction } from './database.ts';
import type { CleanupEvent } from './events.ts';
import type { CleanupOptions, PlanOptions, RunOptions, RunSettings, Settings } from './options.ts';
import { parseOptions, parsePlanOptions, parseRunOptions } from './parse-options.ts';
import type { CleanupPlan, PolicyPlan } from './plan.ts';
import { hashParts } from './policy-hash.ts';
import { policyFailure, policyReport, untouchedReport, walPosition } from './policy-report.ts';
import { preparePolicy } from './prepare-policy.ts';
import type { CleanupReport, PolicyReport } from './report.ts';
import { createRunBudget, type RunBudget } from './run-budget.ts';
import { runPolicy } from './run-policy.ts';

/** What `createCleanup` returns. It holds nothing open, so there is nothing to close. */
export interface Cleanup<Name extends string = string> {
  /**
   * Looks at every policy and changes nothing; all of it runs in read-only transactions, each
   * statement limited to 10 s. What is wrong with a policy is in its `refusals`, all of it together.
   *
   * @throws the driver's error when the database cannot be reached, or the signal's reason.
   */
  plan(options?: PlanOptions): Promise<CleanupPlan<Name>>;
  /**
   * Deletes what the policies say, one policy after another, each looked at anew first. Resolves
   * with a report whatever happens, also when the database cannot be reached: look at `report.ok`.
   *
   * @throws InvalidOptionsError when an option is wrong, before anything is done.
   */
  run(options?: RunOptions): Promise<CleanupReport<Name>>;
}

/**
 * Retention for PostgreSQL tables. Touches nothing until `plan()` or `run()` is called.
 *
 * The role needs SELECT, UPDATE (for the row locks) and DELETE on the tables.
 *
 * @throws InvalidOptionsError that names every wrong option.
 */
export function createCleanup<const Name extends string>(
  options: CleanupOptions<Name>,
): Cleanup<Name> {
  const settings = parseOptions(options);
  return {
    plan: async (planOptions) => {
      const { signal } = parsePlanOptions(planOptions ?? {});
      return makePlan(settings, signal);
    },
    run: async (runOptions) => {
      const parsed = parseRunOptions(runOptions ?? {});
      return runAll(settings, parsed);
    },
  };
}

const LOOK_LIMITS = {
  lockTimeoutMs: 1_000,
  statementTimeoutMs: 5_000,
  access: 'read only',
} as const;

async function makePlan(settings: Settings, signal: AbortSignal | undefined): Promise<CleanupPlan> {
  signal?.throwIfAborted();
  const database = { pool: settings.pool, clock: settings.clock, signal };
  const at = await inTransaction(database, LOOK_LIMITS, databaseNow);
  const plans: PolicyPlan[] = [];
  for (const [policy, policySettings] of Object.entries(settings.policies)) {
    signal?.throwIfAborted();
    const occasion = { database, now: at, accepted: undefined };
    plans.push((await preparePolicy(policy, policySettings, occasion)).plan);
  }
  return {
    at,
    ok: plans.every((plan) => plan.refusals.length === 0),
    hash: hashParts(plans.map((plan) => plan.hash)),
    policies: Object.fromEntries(plans.map((plan) => [plan.policy, withOverlap(plan, plans)])),
  };
}

function withOverlap(plan: PolicyPlan, plans: readonly PolicyPlan[]): PolicyPlan {
  const others = plans.filter((other) => other !== plan && other.table === plan.table);
  if (others.length === 0) return plan;
  const names = others.map((other) => other.policy).join(', ');
  const warning = `Policies on the same table: ${names}; a row that several cover goes by the shortest age`;
  return { ...plan, warnings: [...plan.warnings, warning] };
}

/** What all policies of one run share. */
interface Run {
  readonly settings: Settings;
  readonly options: RunSettings;
  readonly database: Database;
  readonly budget: RunBudget;
  readonly now: string;
}

async function runAll(settings: Settings, options: RunSettings): Promise<CleanupReport> {
  const { pool, clock, policies } = settings;
  const database = { pool, clock, signal: options.signal };
  const startedAt = clock.monotonic();
  const budget = createRunBudget(options, clock);
  const reports: PolicyReport[] = [];
  let run: Run | undefined;
  for (const policy of Object.keys(policies)) {
    let report: PolicyReport;
    const stop = budget.reasonToStop();
    if (stop) {
      report = untouchedReport(policy, policies[policy]?.table ?? '', stop);
    } else {
      try {
        // One cut-off for the whole run. Asked again only when the database was not there before.
        if (!run) {
          const now = await inTransaction(database, LOOK_LIMITS, databaseNow);
          run = { settings, options, database, budget, now };
        }
        report = await runOne(run, policy);
      } catch (error) {
        report = unreachableReport(settings, options, policy, error);
      }
    }
    reports.push(report);
    emit(settings, { type: 'policy-ended', policy, report });
  }
  return {
    ok: reports.every(({ stopped }) => !['refused', 'blocked', 'failed'].includes(stopped)),
    deleted: reports.reduce((sum, report) => sum + report.deleted, 0),
    durationMs: clock.monotonic() - startedAt,
    policies: Object.fromEntries(reports.map((report) => [report.policy, report])),
  };
}

async function runOne(run: Run, policy: string): Promise<PolicyReport> {
  const { settings, options, database, budget, now } = run;
  const { clock, pace } = settings;
  const policySettings = settings.policies[policy];
  if (!policySettings) throw new TypeError(`No policy ${policy}`);
  const startedAt = clock.monotonic();
  const reviewed = new Map(Object.entries(options.plan?.policies ?? {}));
  const accepted = reviewed.get(policy);
  if (options.plan && !accepted) {
    const message = `The plan that was given does not show the policy ${policy}; make a new one`;
    const refusals = [{ code: 'plan', message }] as const;
    return untouchedReport(policy, policySettings.table, 'refused', { refusals });
  }
  const occasion = { database, now, accepted };
  const { plan, target } = await preparePolicy(policy, policySettings, occasion);
  const { table, cutOff, candidates, refusals } = plan;
  if (!target || !candidates) {
    const durationMs = clock.monotonic() - startedAt;
    return untouchedReport(policy, table, 'refused', { cutOff, refusals, durationMs });
  }
  emit(settings, { type: 'policy-started', policy, table, cutOff, candidates });
  const tell = (event: CleanupEvent): void => {
    emit(settings, event);
  };
  const walBefore = await walPosition(database);
  const job = { policy, database, pace, target, candidates, budget, emit: tell };
  const result = await runPolicy(job);
  const walAfter = await walPosition({ ...database, signal: undefined });
  return policyReport(plan, result, {
    durationMs: clock.monotonic() - startedAt,
    walBytes: walBefore === null || walAfter === null ? null : Number(walAfter - walBefore),
  });
}

/** Nothing was deleted yet: the policy was still being looked at. */
function unreachableReport(
  settings: Settings,
  { signal }: RunSettings,
  policy: string,
  error: unknown,
): PolicyReport {
  const table = settings.policies[policy]?.table ?? '';
  if (signal?.aborted === true && error === signal.reason)
    return untouchedReport(policy, table, 'aborted');
  return untouchedReport(policy, table, 'failed', { error: policyFailure(policy, error) });
}

/** A listener's failure is its own. */
function emit({ onEvent }: Settings, event: CleanupEvent): void {
  try {
    const result: unknown = onEvent?.(event);
    if (result instanceof Promise) result.catch(() => {});
  } catch {
    // As above.
  }
}
