import type { Action, ActionContext } from '../batch/action.ts';
import { createDeleteAction } from '../batch/delete-action.ts';
import { pickedRows } from '../batch/run-batch.ts';
import { primaryKey } from '../catalog/columns.ts';
import type { ForeignKeyFacts } from '../catalog/foreign-keys.ts';
import type { Leaf } from '../catalog/leaf.ts';
import {
  type Condition,
  type ConditionFacts,
  createCondition,
  type Keep,
} from '../condition/condition.ts';
import type { HeldChild } from '../condition/held-children.ts';
import type { ResolvedHold } from '../condition/hold-sql.ts';
import type { ResolvedRule } from '../condition/rule-sql.ts';
import { cutOffAt } from '../cut-off.ts';
import { explainOnly } from '../explain.ts';
import type { RowCount, ShownStatement } from '../plan.ts';
import type { PolicyStep } from '../run-policy.ts';
import { markedColumnProblems } from '../soft-delete/marked-columns.ts';
import { sharedMarkProblems } from '../soft-delete/shared-marks.ts';
import type { Statement } from '../statement.ts';
import { pickStatement } from '../walk/pick-statement.ts';
import type { Target } from '../walk/target.ts';
import { wiring } from '../wiring.ts';
import { checkAges } from './check-ages.ts';
import { checkFragment } from './check-fragment.ts';
import { checkOtherTables, chooseWalk, firstRange, type Way } from './choose-walk.ts';
import { createCountBudget, sum } from './count.ts';
import { accepts, refuse } from './draft.ts';
import type { SoftDeleteSettings } from './policy-settings.ts';
import type { Found, Look } from './prepare-policy.ts';
import { resolveHeldChildren, resolveHolds } from './resolve-holds.ts';
import { findColumn, resolvePurge, resolveRule } from './resolve-rule.ts';
import { heldCycleProblems } from './table-check.ts';

const FIRST_BATCH = 500;

/** What the policy does, in order; undefined, and refused, when it cannot be done. */
export async function buildSteps(
  look: Look,
  found: Found,
): Promise<readonly PolicyStep[] | undefined> {
  const { draft, query, settings, policy } = look;
  const { outcome } = policy;
  const holds = await resolveHolds(draft, query, found.facts, settings.holds);
  const heldChildren = await resolveHeldChildren(draft, query, found, settings.holds);
  draft.holds = holds.map(({ sql }) => sql);
  if (holds.length > 0) draft.refusals.push(...heldCycleProblems(found.graph));
  const rule = await resolveRule(draft, query, found.facts, policy.rule);
  const purge =
    outcome.type === 'soft-delete' ? await preparePurge(look, found, outcome) : undefined;
  for (const name of policy.keepLast?.per ?? []) findColumn(draft, found.facts, name);
  if (policy.where) {
    await checkFragment(draft, query, policy.where, { option: 'where', facts: found.facts });
  }
  if (!rule || draft.refusals.length > 0) return undefined;
  await checkAges(draft, query, found.facts, rule);
  const main = await buildStep(look, found, { name: 'main', rule, holds, heldChildren });
  if (!main) return undefined;
  if (!purge) {
    draft.candidates = main.due;
    return [main.step];
  }
  const second = await buildStep(look, found, { name: 'purge', rule: purge, holds, heldChildren });
  if (!second) return undefined;
  draft.candidates = sum([main.due, second.due]);
  draft.purgeable = second.due;
  return [main.step, second.step];
}

/** Which rows are due in the first step, without counting them; undefined, and refused, when that cannot be said. */
export async function dueRows(
  look: Look,
  found: Found,
): Promise<{ readonly rule: ResolvedRule; readonly condition: Condition } | undefined> {
  const { draft, query, settings, policy } = look;
  const holds = await resolveHolds(draft, query, found.facts, settings.holds);
  const heldChildren = await resolveHeldChildren(draft, query, found, settings.holds);
  const rule = await resolveRule(draft, query, found.facts, policy.rule);
  for (const name of policy.keepLast?.per ?? []) findColumn(draft, found.facts, name);
  if (!rule || draft.refusals.length > 0) return undefined;
  return { rule, condition: conditionOf(look, found, { name: 'main', rule, holds, heldChildren }) };
}

async function preparePurge(
  { draft, query, settings, occasion }: Look,
  { facts }: Found,
  outcome: SoftDeleteSettings,
): Promise<ResolvedRule | undefined> {
  const cutOff = await cutOffAt(query, occasion.now, outcome.purgeAfterMs);
  if (!wiring.createSoftDeleteAction) refuse(draft, 'statement', 'Soft delete is not available');
  draft.refusals.push(...markedColumnProblems(facts, outcome));
  draft.refusals.push(...(await sharedMarkProblems(query, facts, draft.policy, settings.policies)));
  const { schema } = settings.history;
  return resolvePurge(draft, query, facts, outcome, { now: occasion.now, cutOff }, schema);
}

interface StepFacts {
  readonly name: 'main' | 'purge';
  readonly rule: ResolvedRule;
  readonly holds: readonly ResolvedHold[];
  readonly heldChildren: readonly HeldChild[];
}

async function buildStep(
  look: Look,
  found: Found,
  step: StepFacts,
): Promise<{ readonly step: PolicyStep; readonly due: RowCount } | undefined> {
  const { draft, query, settings, occasion } = look;
  const budget = createCountBudget(occasion.database.clock);
  const condition = conditionOf(look, found, step);
  const holdTables = [...new Set(step.holds.map(({ sql }) => sql))];
  const ways: Way[] = [];
  for (const leaf of found.facts.leaves) {
    const { maxBatchBytes } = settings.pace;
    const ground = { leaf, condition, rule: step.rule, holdTables, maxBatchBytes };
    const way = await chooseWalk(draft, query, ground, budget);
    if (!way) return undefined;
    ways.push(way);
  }
  const targets = ways.flatMap(({ target }) => (target ? [target] : []));
  const open = (target: Target): Promise<Action> => openAction(look, found, step.name, target.leaf);
  if (targets[0] && !(await checkFirst(look, found, step, targets[0]))) return undefined;
  draft.walks = [...draft.walks, ...ways.map(({ shown }) => shown)];
  if (step.name === 'main') draft.index = onlyIndex(ways);
  const due = sum(ways.map(({ shown }) => shown.due ?? { count: 0, isExact: false }));
  return { step: { name: step.name, targets, open }, due };
}

function onlyIndex(ways: readonly Way[]): string | null {
  const indexes = new Set(ways.map(({ shown }) => shown.index));
  const [first] = indexes;
  return indexes.size === 1 ? (first ?? null) : null;
}

function conditionOf(look: Look, { facts, graph }: Found, step: StepFacts): Condition {
  const { policy } = look;
  const { outcome } = policy;
  const isMarking = outcome.type === 'soft-delete' && step.name === 'main';
  const conditionFacts: ConditionFacts = {
    alias: aliasOf(facts.leaves[0], facts.name),
    tableSql: facts.sql,
    key: primaryKey(facts.columns),
    rule: step.rule,
    where: step.name === 'main' ? policy.where : undefined,
    keeps: step.name === 'main' ? keepsOf(look) : [],
    holds: step.holds,
    heldChildren: isMarking ? [] : step.heldChildren,
    notSoftDeletedColumn: isMarking ? outcome.at : undefined,
    guards: isMarking || facts.deleteTriggers.length > 0 ? [] : provenGuards(graph, facts.oid),
  };
  return createCondition(conditionFacts);
}

function aliasOf(leaf: Leaf | undefined, name: string): string {
  return leaf?.alias ?? name;
}

/**
 * Keys that certainly hold a row back. Not one of a table that is cascaded to, whose rows may be gone
 * when it is checked, nor one within the same table, whose rows may go together.
 */
function provenGuards(graph: Found['graph'], oid: string): readonly ForeignKeyFacts[] {
  const cascaded = new Set([oid, ...graph.cascades.map(({ child }) => child.oid)]);
  return graph.guards.filter(
    (key) =>
      key.parent.oid === oid && key.isReadable && key.isIndexed && !cascaded.has(key.child.oid),
  );
}

function keepsOf({ policy }: Look): readonly Keep[] {
  const { keepLast, keepAtLeast, rule } = policy;
  const column = rule.type === 'inactive-for' ? undefined : rule.column;
  const keeps: Keep[] = [];
  if (keepLast) keeps.push({ ...keepLast, column });
  if (keepAtLeast > 0) keeps.push({ count: keepAtLeast, per: [], column });
  return keeps;
}

/** The server reads the very statements: mistakes in the condition, missing rights, missing indexes. */
async function checkFirst(
  look: Look,
  found: Found,
  step: StepFacts,
  target: Target,
): Promise<boolean> {
  const { draft, query } = look;
  await checkOtherTables(draft, query, target);
  const pick = pickStatement(target, firstRange(target), FIRST_BATCH, 'skip');
  const action = await accepts(draft, query, () => preview(look, found, step.name, target.leaf));
  if (!action) return false;
  const act = action.statement(pickedRows(target, 0, '{}'));
  await accepts(draft, query, () => explainOnly(query, act));
  if (step.name === 'main') draft.sql = { pick: shownStatement(pick), act: shownStatement(act) };
  return draft.refusals.length === 0;
}

function contextOf(
  { draft, occasion, settings }: Look,
  { graph, facts }: Found,
  leaf: Leaf,
): ActionContext {
  return {
    policy: draft.policy,
    runId: occasion.runId,
    leaf,
    table: facts.sql,
    cascades: graph,
    now: occasion.now,
    historySchema: settings.history.schema,
    database: occasion.database,
  };
}

/** Asks the archive whether it can take the rows. */
async function preview(
  look: Look,
  found: Found,
  step: 'main' | 'purge',
  leaf: Leaf,
): Promise<Action> {
  const { draft, query, policy } = look;
  const { outcome } = policy;
  if (outcome.type !== 'archive') return openAction(look, found, step, leaf);
  for (const each of found.facts.leaves) {
    const { refusals, warnings } = await outcome.target.check(query, contextOf(look, found, each));
    draft.refusals.push(...refusals);
    draft.warnings.push(...warnings.filter((warning) => !draft.warnings.includes(warning)));
  }
  return outcome.target.preview(query, contextOf(look, found, leaf));
}

function openAction(look: Look, found: Found, step: 'main' | 'purge', leaf: Leaf): Promise<Action> {
  const { outcome } = look.policy;
  const context = contextOf(look, found, leaf);
  if (step === 'purge') return Promise.resolve(createDeleteAction(leaf, 'purge'));
  if (outcome.type === 'archive') return outcome.target.open(context);
  if (outcome.type === 'soft-delete' && wiring.createSoftDeleteAction) {
    const { schema } = look.settings.history;
    return Promise.resolve(wiring.createSoftDeleteAction(outcome, context, schema));
  }
  return Promise.resolve(createDeleteAction(leaf, 'delete'));
}

/** As JSON can hold it. */
function shownStatement({ text, values }: Statement): ShownStatement {
  return { text, values: values.map(shownValue) };
}

function shownValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  return typeof value === 'bigint' ? String(value) : value;
}
