import type { Query } from './database.ts';
import { PICKED_CTE, type Statement } from './statements.ts';

/** How the server would find a batch. */
export interface WalkPlan {
  /** The index that gives the rows in order; undefined when the table would be read whole. */
  readonly index: string | undefined;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Parent Relationship'?: string;
  readonly 'Subplan Name'?: string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Plan Rows': number;
  readonly Plans?: readonly PlanNode[];
}

/**
 * Inside a transaction that deletes: never read or sort the whole table when an index could give
 * the order. The planner may think that cheaper for one batch, and it is not for the hundredth.
 * Without such an index these change nothing.
 */
export const PLANNER_SETTINGS = 'set local enable_seqscan = off; set local enable_sort = off';

/**
 * Asks for the plan of the very statement that a batch will run. Looking at the indexes alone does
 * not do: an index on the cut-off column may still not serve, for a collation, a partial index, an
 * order that the statement spells otherwise.
 */
export async function explainWalk(
  query: Query,
  statement: Statement,
  table: string,
): Promise<WalkPlan> {
  await query('savepoint ops_cleanup_explain');
  await query(PLANNER_SETTINGS);
  const plan = await explain(query, statement);
  // Takes the settings back, too.
  await query('rollback to savepoint ops_cleanup_explain');
  const walk = find(plan, (node) => node['Subplan Name'] === `CTE ${PICKED_CTE}`);
  const path = walk && pathTo(walk, table);
  const scan = path?.at(-1);
  const isOrdered = path?.every((node) => node['Node Type'] !== 'Sort') ?? false;
  return { index: isOrdered ? scan?.['Index Name'] : undefined };
}

/** The planner's estimate of how many rows a statement returns. */
export async function explainRowCount(query: Query, statement: Statement): Promise<number> {
  return (await explain(query, statement))['Plan Rows'];
}

async function explain(query: Query, { text, values }: Statement): Promise<PlanNode> {
  const rows = await query(`explain (format json) ${text}`, values);
  const output: unknown = Object.values(rows[0] ?? {})[0];
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

/** Nodes from `node` down to the scan of `table`; the condition's own subqueries are not entered. */
function pathTo(node: PlanNode, table: string): readonly PlanNode[] | undefined {
  if (node['Relation Name'] === table) return [node];
  for (const child of node.Plans ?? []) {
    if (['InitPlan', 'SubPlan'].includes(child['Parent Relationship'] ?? '')) continue;
    const path = pathTo(child, table);
    if (path) return [node, ...path];
  }
  return undefined;
}
