import type { TableFacts } from './catalog.ts';
import { isServerError, type Query } from './database.ts';
import { explainRowCount } from './explain.ts';
import type { RowCount } from './plan.ts';
import { candidatesStatement, type Statement, type Target } from './statements.ts';
import { LARGE_PAGE_COUNT, tableName } from './table-check.ts';

/** Rows that are counted one by one at most; a look must not be the load it is meant to prevent. */
const COUNT_MAX = 1_000_000;

/** Rows that would go: counted, or the planner's estimate where there are more than are counted. */
export async function countCandidates(query: Query, target: Target): Promise<RowCount> {
  const count = await countUpTo(query, candidatesStatement(target, COUNT_MAX + 1));
  if (count !== undefined && count <= COUNT_MAX) return { count, isExact: true };
  const estimate = await explainRowCount(query, candidatesStatement(target, undefined));
  return { count: Math.max(count ?? 0, estimate), isExact: false };
}

/** Rows in the table: counted when it is small, else from statistics; undefined when there are none. */
export async function countRows(query: Query, facts: TableFacts): Promise<RowCount | undefined> {
  if (facts.pageCount > LARGE_PAGE_COUNT && facts.estimatedRowCount !== undefined) {
    return { count: facts.estimatedRowCount, isExact: false };
  }
  const count = await countUpTo(query, {
    text: `select\n  from only ${tableName(facts)}\n  limit $1::bigint`,
    values: [COUNT_MAX + 1],
  });
  return count === undefined || count > COUNT_MAX ? undefined : { count, isExact: true };
}

/** Undefined when it ran into the statement timeout. */
async function countUpTo(query: Query, { text, values }: Statement): Promise<number | undefined> {
  await query('savepoint ops_cleanup_count');
  try {
    const [row] = await query(`select count(*)::text as count from (${text}) counted`, values);
    return Number(row?.['count']);
  } catch (error) {
    if (!isServerError(error) || error.code !== '57014') throw error;
    await query('rollback to savepoint ops_cleanup_count');
    return undefined;
  }
}
