import type { TableFacts } from '../catalog/table-facts.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { Refusal } from '../plan.ts';
import type { SoftDeleteSettings } from '../policy/policy-settings.ts';

/**
 * What forbids marking rows by these columns. The primary key is what finds a row again; in a
 * partitioned table it contains every partition key, so a row that is marked never moves.
 */
export function markedColumnProblems(
  facts: TableFacts,
  { set, at }: SoftDeleteSettings,
): readonly Refusal[] {
  const problem = (name: string, why: string): Refusal => ({
    code: 'statement',
    message: `softDelete cannot set ${facts.sql}.${quoteIdentifier(name)}: ${why}`,
  });
  const problems: Refusal[] = [];
  if (Object.hasOwn(set, at)) problems.push(problem(at, 'it is in `set` and is `at` as well'));
  for (const name of new Set([...Object.keys(set), at])) {
    const column = facts.columns.find((each) => each.name === name);
    if (column?.keyPosition !== undefined) {
      problems.push(problem(name, 'it is part of the primary key, by which undo() finds the row'));
    } else if (column?.isGenerated === true || column?.identity === 'always') {
      problems.push(problem(name, 'its value is generated'));
    }
  }
  return problems;
}
