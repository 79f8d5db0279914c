import type { Leaf } from '../catalog/leaf.ts';
import { type Database, isServerError, type Query } from '../database.ts';
import { explainRowCount } from '../explain.ts';
import type { RowCount } from '../plan.ts';
import type { Statement } from '../statement.ts';
import { candidatesStatement } from '../walk/pick-statement.ts';
import type { Target } from '../walk/target.ts';
import { LARGE_PAGE_COUNT } from './table-check.ts';

/** Rows that are counted one by one at most; a look must not be the load it is meant to prevent. */
const COUNT_MAX = 1_000_000;
/** Time for counting one policy's rows, over all its partitions; then estimates do. */
const PATIENCE_MS = 15_000;

/** What may still be counted. */
export interface CountBudget {
  rows: number;
  readonly endsAt: number;
  readonly clock: Database['clock'];
}

export function createCountBudget(clock: Database['clock']): CountBudget {
  return { rows: COUNT_MAX, endsAt: clock.monotonic() + PATIENCE_MS, clock };
}

/** Rows that would go: counted, or the planner's estimate where there are more than are counted. */
export async function countCandidates(
  query: Query,
  target: Pick<Target, 'leaf' | 'condition'>,
  budget: CountBudget,
): Promise<RowCount> {
  const isTime = budget.rows > 0 && budget.clock.monotonic() < budget.endsAt;
  const count = isTime
    ? await countUpTo(query, candidatesStatement(target, budget.rows + 1))
    : undefined;
  if (count !== undefined && count <= budget.rows) {
    budget.rows -= count;
    return { count, isExact: true };
  }
  budget.rows = 0;
  const estimate = await explainRowCount(query, candidatesStatement(target, undefined));
  return { count: Math.max(count ?? 0, estimate), isExact: false };
}

/** Rows in the leaf: counted when it is small, else from statistics; undefined when there are none. */
export async function countRows(query: Query, leaf: Leaf): Promise<RowCount | undefined> {
  if (leaf.pageCount > LARGE_PAGE_COUNT && leaf.estimatedRowCount !== undefined) {
    return { count: leaf.estimatedRowCount, isExact: false };
  }
  const count = await countUpTo(query, {
    text: `select\n  from only ${leaf.sql}\n  limit $1::bigint`,
    values: [COUNT_MAX + 1],
  });
  return count === undefined || count > COUNT_MAX ? undefined : { count, isExact: true };
}

/** Rows in the leaf by statistics, or by {@link countRows} where there are none. */
export async function estimateRows(query: Query, leaf: Leaf): Promise<RowCount | undefined> {
  if (leaf.estimatedRowCount === undefined) return countRows(query, leaf);
  return { count: leaf.estimatedRowCount, isExact: false };
}

export function sum(counts: readonly RowCount[]): RowCount {
  return {
    count: counts.reduce((total, { count }) => total + count, 0),
    isExact: counts.every(({ isExact }) => isExact),
  };
}

/** Undefined when it ran into the statement timeout. */
async function countUpTo(query: Query, { text, values }: Statement): Promise<number | undefined> {
  await query('savepoint ops_cleanup_count; set local constraint_exclusion = on');
  try {
    const [row] = await query(`select count(*)::text as count from (${text}) counted`, values);
    return Number(row?.['count']);
  } catch (error) {
    if (!isServerError(error) || error.code !== '57014') throw error;
    await query('rollback to savepoint ops_cleanup_count');
    return undefined;
  }
}
