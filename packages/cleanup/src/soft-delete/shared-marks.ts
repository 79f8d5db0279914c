import type { TableFacts } from '../catalog/table-facts.ts';
import type { Query } from '../database.ts';
import { quoteIdentifierPath } from '../identifier.ts';
import type { Refusal } from '../plan.ts';
import type { PolicySettings, SoftDeleteSettings } from '../policy/policy-settings.ts';

/**
 * Policies of one run whose marks could not be told apart when they are purged: the same table, time
 * column and values. Where they also wait as long, and respect the holds alike, it does not matter
 * which of them purges a row.
 */
export async function sharedMarkProblems(
  query: Query,
  facts: TableFacts,
  own: string,
  policies: Readonly<Record<string, PolicySettings>>,
): Promise<readonly Refusal[]> {
  const policy = policies[own];
  if (policy?.outcome.type !== 'soft-delete') return [];
  const { outcome } = policy;
  const problems: Refusal[] = [];
  for (const [name, other] of Object.entries(policies)) {
    if (name === own || other.outcome.type !== 'soft-delete') continue;
    const isAlike =
      other.outcome.purgeAfterMs === outcome.purgeAfterMs &&
      (other.holdsExemptBecause === undefined) === (policy.holdsExemptBecause === undefined);
    if (isAlike || areTold(outcome, other.outcome)) continue;
    if (!(await isSameTable(query, facts, other.table))) continue;
    const message = `${own} and ${name} mark rows of ${facts.sql} by ${outcome.at} with the same values, and purge them after another time or under other holds, so one would purge the other's; give them another value of one column in softDelete.set`;
    problems.push({ code: 'statement', message });
  }
  return problems;
}

/** By the column of the time, or by one that both set, to different values. */
function areTold(one: SoftDeleteSettings, other: SoftDeleteSettings): boolean {
  if (one.at !== other.at) return true;
  return Object.entries(one.set).some(
    ([name, value]) => Object.hasOwn(other.set, name) && other.set[name] !== value,
  );
}

async function isSameTable(query: Query, { oid }: TableFacts, path: string): Promise<boolean> {
  const [row] = await query(`select (to_regclass($1)::oid = $2::oid)::text as is_same`, [
    quoteIdentifierPath(path),
    oid,
  ]);
  return row?.['is_same'] === 'true';
}
