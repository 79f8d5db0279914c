import { buildCascadeGraph, type CascadeGraph } from '../catalog/cascade-graph.ts';
import { foreignKeysTo } from '../catalog/foreign-keys.ts';
import { inspectTable, type TableFacts } from '../catalog/table-facts.ts';
import { cutOffAt, isLater } from '../cut-off.ts';
import { type Database, inTransaction, isServerError, type Query } from '../database.ts';
import { quoteIdentifierPath } from '../identifier.ts';
import type { Settings } from '../options.ts';
import type { PolicyPlan } from '../plan.ts';
import type { PolicyStep } from '../run-policy.ts';
import type { PartitionContext } from '../wiring.ts';
import { buildSteps } from './build-steps.ts';
import { checkShare } from './check-share.ts';
import { type Draft, refuse, startDraft } from './draft.ts';
import { hashPolicy } from './policy-hash.ts';
import type { PolicySettings } from './policy-settings.ts';
import { preparePartitions } from './prepare-partitions.ts';
import { graphProblems, shownKeys, tableProblems, tableWarnings } from './table-check.ts';

/** A plan, and what its statements are made of. */
export interface PreparedPolicy {
  readonly plan: PolicyPlan;
  /** Undefined when anything was refused. */
  readonly work: PreparedWork | undefined;
  /** oids of the tables that hold the rows. */
  readonly leafOids: readonly string[];
}

type PreparedWork =
  | { readonly type: 'steps'; readonly steps: readonly PolicyStep[] }
  | { readonly type: 'partitions'; readonly context: PartitionContext };

/** What a plan is made for. */
export interface Occasion {
  readonly database: Database;
  /** The database's time at the start; the same for all policies. */
  readonly now: string;
  /** Undefined while planning. */
  readonly runId: string | undefined;
  /** What the plan that a run was given says of this policy. */
  readonly accepted: Pick<PolicyPlan, 'hash' | 'cutOff' | 'share'> | undefined;
  /** Reads the shares that were accepted in earlier runs, by policy hash. */
  readonly acceptedShares: (query: Query) => Promise<ReadonlyMap<string, number>>;
}

/** Looking gives way to other sessions; a count that takes longer becomes an estimate. */
export const LOOK_LIMITS = {
  lockTimeoutMs: 2_000,
  statementTimeoutMs: 10_000,
  access: 'read only',
} as const;

/** A policy that is being looked at. */
export interface Look {
  readonly draft: Draft;
  readonly query: Query;
  readonly settings: Settings;
  readonly policy: PolicySettings;
  readonly occasion: Occasion;
}

/** The table, and what hangs on it. */
export interface Found {
  readonly facts: TableFacts;
  readonly graph: CascadeGraph;
}

/**
 * Looks at one policy, in a read-only transaction. What is wrong with the policy ends up in
 * `refusals`; what is thrown is wrong with the connection.
 */
export async function preparePolicy(
  name: string,
  settings: Settings,
  occasion: Occasion,
): Promise<PreparedPolicy> {
  const policy = settings.policies[name];
  if (!policy) throw new TypeError(`No policy ${name}`);
  const draft = startDraft(name, quoteIdentifierPath(policy.table), policy);
  try {
    const prepared = await inTransaction(occasion.database, LOOK_LIMITS, (query) =>
      fill({ draft, query, settings, policy, occasion }),
    );
    const work = draft.refusals.length === 0 ? prepared.work : undefined;
    return { plan: draft, work, leafOids: prepared.leafOids };
  } catch (error) {
    if (!isServerError(error)) throw error;
    refuse(
      draft,
      'statement',
      `The server refused to look at it: ${error.message} (${error.code})`,
    );
    return { plan: draft, work: undefined, leafOids: [] };
  }
}

type Filled = Pick<PreparedPolicy, 'work' | 'leafOids'>;
const NOTHING: Filled = { work: undefined, leafOids: [] };

async function fill(look: Look): Promise<Filled> {
  const { draft, query, settings, policy, occasion } = look;
  const freshCutOff = await cutOffAt(query, occasion.now, policy.rule.ageMs);
  draft.cutOff = occasion.accepted?.cutOff ?? freshCutOff;
  draft.hash = hashPolicy(draft.policy, draft.table, policy, settings.holds);
  const found = await findTable(look);
  await checkAccepted(draft, query, occasion, freshCutOff);
  if (!found) return NOTHING;
  const leafOids = found.facts.leaves.map(({ oid }) => oid);
  if (policy.outcome.type === 'drop-partitions') {
    const context = await preparePartitions(look, found, await allowedShare(look));
    return { work: context && { type: 'partitions', context }, leafOids };
  }
  const steps = await buildSteps(look, found);
  if (!steps || draft.refusals.length > 0) return { work: undefined, leafOids };
  await checkShare(draft, query, found.facts.leaves, await allowedShare(look));
  return { work: { type: 'steps', steps }, leafOids };
}

/** Undefined when there is no such table. */
export async function findTable({
  draft,
  query,
  settings,
  policy,
}: Look): Promise<Found | undefined> {
  const facts = await inspectTable(query, draft.table);
  if (!facts) {
    refuse(
      draft,
      'unknown-table',
      `Table ${draft.table} is not there, or not visible to this role; upper and lower case count`,
    );
    return undefined;
  }
  draft.table = facts.sql;
  draft.hash = hashPolicy(draft.policy, draft.table, policy, settings.holds);
  const graph = await buildCascadeGraph(facts, (oids) => foreignKeysTo(query, oids));
  draft.foreignKeys = shownKeys(graph);
  draft.cycles = graph.cycles;
  const isWhole = policy.outcome.type === 'drop-partitions';
  // Whole partitions go without any row being told from another.
  const problems = tableProblems(facts).filter(({ code }) => !isWhole || code !== 'no-primary-key');
  draft.refusals.push(...problems, ...graphProblems(graph, policy.outcome));
  draft.warnings.push(...tableWarnings(facts, graph, policy.outcome));
  return { facts, graph };
}

/** The given plan must be of this very policy, and its cut-off no later than what the age allows. */
async function checkAccepted(
  draft: Draft,
  query: Query,
  { accepted }: Occasion,
  freshCutOff: string,
): Promise<void> {
  if (!accepted) return;
  if (accepted.hash !== draft.hash) {
    refuse(
      draft,
      'plan',
      'The plan that was given is of another table, rule, age, zone, condition, hold or outcome; make a new one',
    );
  } else if (await isLater(query, accepted.cutOff, freshCutOff)) {
    refuse(
      draft,
      'plan',
      `The cut-off of the plan that was given, ${accepted.cutOff}, is later than the age allows now, ${freshCutOff}; make a new one`,
    );
  }
}

/**
 * A plan accepts the share that it showed, and a tenth more: other sessions delete rows, too. Rows
 * that were dated back after it was made are not accepted with it. What was accepted once stays so.
 */
async function allowedShare({ draft, query, policy, occasion }: Look): Promise<number> {
  const earlier = (await occasion.acceptedShares(query)).get(draft.hash) ?? 0;
  return Math.max(policy.maxShare, Math.max(occasion.accepted?.share ?? 0, earlier) * 1.1);
}
