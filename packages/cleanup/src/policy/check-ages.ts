import type { TableFacts } from '../catalog/table-facts.ts';
import { ageSql, type ResolvedRule } from '../condition/rule-sql.ts';
import type { Query } from '../database.ts';
import { accepts, type Draft } from './draft.ts';

/** Rows of each leaf that are looked at. */
const SAMPLE = 10_000;

/** Rows that ask for less than an hour are never touched; here it is said. */
export async function checkAges(
  draft: Draft,
  query: Query,
  { leaves, sql }: TableFacts,
  rule: ResolvedRule,
): Promise<void> {
  if (rule.type !== 'older-than' || !rule.agePer) return;
  const { agePer } = rule;
  let short = 0;
  for (const leaf of leaves) {
    const values: unknown[] = [];
    const text = `select count(*)::text as short
     from (
       select ${ageSql(agePer, values)} as age
       from only ${leaf.sql} as ${leaf.alias}
       limit ${SAMPLE}
     ) ages
     where age < interval '1 hour'`;
    const rows = await accepts(draft, query, () => query(text, values));
    short += Number(rows?.[0]?.['short'] ?? 0);
  }
  if (short === 0) return;
  draft.warnings.push(
    `${short} of the first ${SAMPLE.toLocaleString('en')} rows of ${sql} and its partitions say an age of less than an hour in olderThan.age.per; such rows are never touched`,
  );
}
