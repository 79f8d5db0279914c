import type { TableFacts } from '../catalog/table-facts.ts';
import type { ResolvedColumn } from '../condition/rule-sql.ts';
import { isZoneName, wallClockOf } from '../cut-off.ts';
import type { Query } from '../database.ts';
import { type PartitionContext, wiring } from '../wiring.ts';
import { checkShare } from './check-share.ts';
import { estimateRows } from './count.ts';
import { type Draft, refuse } from './draft.ts';
import type { Rule } from './policy-settings.ts';
import type { Found, Look } from './prepare-policy.ts';
import { resolveHolds } from './resolve-holds.ts';
import { resolveRule } from './resolve-rule.ts';

/** What is needed to tell which partitions are due; undefined, and refused, when something is wrong. */
export async function partitionContext(
  { draft, query, settings, policy, occasion }: Look,
  { facts, graph }: Found,
): Promise<PartitionContext | undefined> {
  if (facts.kind !== 'p') {
    refuse(draft, 'partitions', `${facts.sql} is not partitioned; leave out partitions: 'drop'`);
  }
  const holds = await resolveHolds(draft, query, facts, settings.holds);
  const aged = await resolveBoundColumn(draft, query, facts, policy.rule);
  if (!aged || draft.refusals.length > 0) return undefined;
  return {
    policy: draft.policy,
    runId: occasion.runId,
    facts,
    graph,
    holds,
    column: aged.column,
    cutOffText: aged.cutOffText,
    historySchema: settings.history.schema,
  };
}

/** Looks which partitions would go. */
export async function preparePartitions(
  look: Look,
  found: Found,
  maxShare: number,
): Promise<PartitionContext | undefined> {
  const { draft, query } = look;
  const context = await partitionContext(look, found);
  if (!context) return undefined;
  if (!wiring.partitions) {
    refuse(draft, 'partitions', 'Dropping partitions is not available');
    return undefined;
  }
  const plan = await wiring.partitions.plan(query, context);
  draft.refusals.push(...plan.refusals);
  draft.warnings.push(...plan.warnings);
  draft.partitions = plan.due;
  const known = plan.due.map(({ rows }) => rows ?? 0);
  draft.candidates = {
    count: known.reduce((total, rows) => total + rows, 0),
    isExact: false,
  };
  if (draft.refusals.length > 0) return undefined;
  // As the partitions' own rows are found: counting all would take longer than dropping.
  await checkShare(draft, query, found.facts.leaves, maxShare, estimateRows);
  return context;
}

/**
 * The column whose bounds are looked at. Here it may also be a date, since a bound at the start of a
 * day, in the zone that is given, says all there is to know of the rows before it.
 */
async function resolveBoundColumn(
  draft: Draft,
  query: Query,
  facts: TableFacts,
  rule: Rule,
): Promise<ResolvedColumn | undefined> {
  const column =
    rule.type === 'older-than' && facts.columns.find(({ name }) => name === rule.column);
  if (rule.type !== 'older-than' || !column || column.baseType !== 'date') {
    const resolved = await resolveRule(draft, query, facts, rule);
    return resolved?.type === 'older-than' ? resolved.aged : undefined;
  }
  const { zone } = rule;
  if (zone === undefined || !(await isZoneName(query, zone))) {
    refuse(
      draft,
      'zone',
      `${facts.sql}.${column.name} is a date; say in which zone its days begin: zone, a name from pg_timezone_names such as 'UTC'`,
    );
    return undefined;
  }
  return { column, cutOffText: await wallClockOf(query, draft.cutOff, zone) };
}
