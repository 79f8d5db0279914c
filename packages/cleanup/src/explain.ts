import type { Query } from './database.ts';
import { quoteIdentifier } from './identifier.ts';
import type { Statement } from './statement.ts';

/** How the server would find a batch. */
export interface WalkPlan {
  /** The index that gives the rows in order; undefined when they would be read whole and sorted. */
  readonly index: string | undefined;
  /** The index gives the order of the first columns only; equal ones are read together and sorted. */
  readonly isPartial: boolean;
  /** The server knows that no row can be due: a partition that is younger than the cut-off. */
  readonly isEmpty: boolean;
  /** Tables that subqueries of the condition would read whole, or sort, as `regclass` text takes them. */
  readonly wholeTables: readonly string[];
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Parent Relationship'?: string;
  readonly 'Subplan Name'?: string;
  readonly 'Relation Name'?: string;
  readonly Schema?: string;
  readonly Alias?: string;
  readonly 'Index Name'?: string;
  readonly 'One-Time Filter'?: string;
  readonly 'Plan Rows': number;
  readonly Plans?: readonly PlanNode[];
}

/**
 * Inside a transaction that deletes: never read or sort the whole table when an index could give
 * the order. The planner may think that cheaper for one batch, and it is not for the hundredth.
 * Without such an index these change nothing. A partition whose bounds exclude the condition is not
 * read at all, which by default is looked at for inheritance only.
 */
export const PLANNER_SETTINGS =
  'set local enable_seqscan = off; set local enable_sort = off; set local constraint_exclusion = on';

/**
 * Asks for the plan of the very statement that a batch will run. Looking at the indexes alone does
 * not do: an index on the cut-off column may still not serve, for a collation, a partial index, an
 * order that the statement spells otherwise.
 */
export async function explainWalk(
  query: Query,
  statement: Statement,
  picked: { readonly cte: string; readonly name: string; readonly schema: string },
): Promise<WalkPlan> {
  const plan = await explain(query, statement);
  const walk = find(plan, (node) => node['Subplan Name'] === `CTE ${picked.cte}`);
  const isLeaf = (node: PlanNode): boolean =>
    node['Relation Name'] === picked.name &&
    node.Schema === picked.schema &&
    node.Alias?.startsWith('ops_cleanup_') !== true;
  const path = walk && pathTo(walk, isLeaf);
  const isOrdered = path?.every((node) => node['Node Type'] !== 'Sort') ?? false;
  const onPath = new Set(path);
  return {
    index: isOrdered ? path?.at(-1)?.['Index Name'] : undefined,
    isPartial: path?.some((node) => node['Node Type'] === 'Incremental Sort') ?? false,
    isEmpty:
      walk !== undefined &&
      find(walk, (node) => node['One-Time Filter'] === 'false') !== undefined &&
      !path,
    wholeTables: walk ? wholeTables(walk, onPath, false) : [],
  };
}

/** Only plans it, as the server would inside a batch: finds missing rights and mistakes. */
export async function explainOnly(query: Query, statement: Statement): Promise<void> {
  await explain(query, statement);
}

/** The planner's estimate of how many rows a statement returns. */
export async function explainRowCount(query: Query, statement: Statement): Promise<number> {
  const rows = await query(`explain (format json) ${statement.text}`, statement.values);
  return parsed(rows[0])['Plan Rows'];
}

async function explain(query: Query, { text, values }: Statement): Promise<PlanNode> {
  await query('savepoint ops_cleanup_explain');
  await query(PLANNER_SETTINGS);
  const rows = await query(`explain (format json, verbose) ${text}`, values);
  // Takes the settings back, too.
  await query('rollback to savepoint ops_cleanup_explain');
  return parsed(rows[0]);
}

function parsed(row: Readonly<Record<string, unknown>> | undefined): PlanNode {
  const output: unknown = Object.values(row ?? {})[0];
  // A json column is parsed by the driver, unless its parser was replaced.
  const [top] = (typeof output === 'string' ? JSON.parse(output) : output) as [{ Plan: PlanNode }];
  return top.Plan;
}

function find(node: PlanNode, wanted: (node: PlanNode) => boolean): PlanNode | undefined {
  if (wanted(node)) return node;
  for (const child of node.Plans ?? []) {
    const found = find(child, wanted);
    if (found) return found;
  }
  return undefined;
}

/** Nodes from `node` down to the scan that is looked for; the condition's own subqueries are not entered. */
function pathTo(
  node: PlanNode,
  wanted: (node: PlanNode) => boolean,
): readonly PlanNode[] | undefined {
  if (wanted(node)) return [node];
  for (const child of node.Plans ?? []) {
    if (['InitPlan', 'SubPlan'].includes(child['Parent Relationship'] ?? '')) continue;
    const path = pathTo(child, wanted);
    if (path) return [node, ...path];
  }
  return undefined;
}

function wholeTables(
  node: PlanNode,
  onPath: ReadonlySet<PlanNode>,
  isSorted: boolean,
): readonly string[] {
  const isWhole = isSorted || node['Node Type'] === 'Seq Scan';
  const own =
    isWhole && !onPath.has(node) && node['Relation Name'] !== undefined
      ? [`${quoted(node.Schema)}.${quoted(node['Relation Name'])}`]
      : [];
  const sorts = isSorted || (node['Node Type'] === 'Sort' && !onPath.has(node));
  return [...own, ...(node.Plans ?? []).flatMap((child) => wholeTables(child, onPath, sorts))];
}

function quoted(name = '?'): string {
  return quoteIdentifier(name);
}
