import { databaseNow } from './cut-off.ts';
import { inTransaction } from './database.ts';
import type { Ledger } from './history/ledger.ts';
import type { Settings } from './options.ts';
import type { CleanupPlan, PolicyPlan } from './plan.ts';
import { hashParts } from './policy/policy-hash.ts';
import { LOOK_LIMITS, type PreparedPolicy, preparePolicy } from './policy/prepare-policy.ts';

/** What a run would do now; reads only. */
export async function makePlan(
  settings: Settings,
  ledger: Ledger,
  options: {
    readonly policies: readonly string[];
    readonly signal: AbortSignal | undefined;
  },
): Promise<CleanupPlan> {
  const { signal } = options;
  signal?.throwIfAborted();
  const database = { pool: settings.pool, clock: settings.clock, signal };
  const now = await inTransaction(database, LOOK_LIMITS, databaseNow);
  const prepared: PreparedPolicy[] = [];
  for (const policy of options.policies) {
    signal?.throwIfAborted();
    const { acceptedShares } = ledger;
    const occasion = { database, now, runId: undefined, accepted: undefined, acceptedShares };
    prepared.push(await preparePolicy(policy, settings, occasion));
  }
  const plans = prepared.map((each) => withOverlap(each, prepared));
  return {
    at: now,
    ok: plans.every((plan) => plan.refusals.length === 0),
    hash: hashPlan(plans),
    policies: Object.fromEntries(plans.map((plan) => [plan.policy, plan])),
  };
}

/** Steps of the share that a hash stands for, 0 to 1. */
const SHARE_STEP = 0.05;

function hashPlan(plans: readonly PolicyPlan[]): string {
  return hashParts(
    plans.map(({ hash, share, refusals }) => [
      hash,
      refusals.some(({ code }) => code === 'share') ? Math.ceil((share ?? 0) / SHARE_STEP) : null,
    ]),
  );
}

/** Two policies that reach the same table or partition. */
function withOverlap(
  { plan, leafOids }: PreparedPolicy,
  all: readonly PreparedPolicy[],
): PolicyPlan {
  const others = all.filter(
    (other) => other.plan !== plan && other.leafOids.some((oid) => leafOids.includes(oid)),
  );
  if (others.length === 0) return plan;
  const names = others.map((other) => other.plan.policy).join(', ');
  const warning = `Policies on the same table: ${names}; a row that several cover goes by whichever runs first`;
  return { ...plan, warnings: [...plan.warnings, warning] };
}
