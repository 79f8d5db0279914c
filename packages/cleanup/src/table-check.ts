import type { ColumnFacts, TableFacts } from './catalog.ts';
import { quoteIdentifier } from './identifier.ts';
import type { PolicySettings } from './options.ts';
import type { Refusal } from './plan.ts';

/** 40 MB. A smaller table may be read whole: that takes a few milliseconds. */
export const LARGE_PAGE_COUNT = 5_000;

const KINDS: Readonly<Record<string, string>> = {
  f: 'a foreign table, which has no primary key and takes no row locks here',
  m: 'a materialized view',
  p: 'a partitioned table; name its partitions as tables, or drop them when they are over',
  S: 'a sequence',
  v: 'a view; name the table below it',
};

/** Everything about the table and its columns that forbids the policy, all of it together. */
export function tableProblems(facts: TableFacts, settings: PolicySettings): readonly Refusal[] {
  const table = tableName(facts);
  const problems: Refusal[] = [];
  if (facts.kind !== 'r') {
    const kind = KINDS[facts.kind] ?? `no ordinary table (relkind ${facts.kind})`;
    problems.push({ code: 'table-kind', message: `${table} is ${kind}` });
  } else {
    if (facts.hasChildren) {
      const message = `${table} has tables that inherit from it, and its primary key does not span them; name each as a table`;
      problems.push({ code: 'table-kind', message });
    }
    if (primaryKey(facts).length === 0) {
      const message = `${table} has no primary key, so rows cannot be told apart safely; add one`;
      problems.push({ code: 'no-primary-key', message });
    }
  }
  problems.push(...columnProblems(facts, settings), ...childProblems(facts));
  return problems;
}

/** What is allowed and should be known. */
export function tableWarnings(facts: TableFacts): readonly string[] {
  const warnings: string[] = [];
  for (const key of facts.foreignKeys) {
    const from = `${key.table} (${key.columns.join(', ')})`;
    if (key.onDelete === 'cascade') {
      warnings.push(
        `Rows of ${from} that reference a deleted row are deleted with it, uncounted (${key.name})`,
      );
    } else if (key.onDelete.startsWith('set')) {
      warnings.push(`${from} is ${key.onDelete} where it references a deleted row (${key.name})`);
    } else {
      warnings.push(`Rows that ${from} references stay, and are reported as blocked (${key.name})`);
    }
    if (!key.isIndexed) {
      warnings.push(`${from} has no index: every deleted row reads that table whole (${key.name})`);
    }
  }
  if (facts.deleteTriggers.length > 0) {
    warnings.push(
      `These triggers run for each deleted row or batch: ${facts.deleteTriggers.join(', ')}`,
    );
  }
  if (facts.isRowSecurityActive) {
    warnings.push(
      'Row security is active for this role: rows that it hides are neither counted nor deleted',
    );
  }
  return warnings;
}

/** The primary key's columns, in its order. */
export function primaryKey(facts: TableFacts): readonly ColumnFacts[] {
  return facts.columns
    .filter((column) => column.keyPosition !== undefined)
    .toSorted((a, b) => (a.keyPosition ?? 0) - (b.keyPosition ?? 0));
}

export function tableName(facts: TableFacts): string {
  return `${quoteIdentifier(facts.schema)}.${quoteIdentifier(facts.name)}`;
}

function columnProblems(
  facts: TableFacts,
  { column: name, zone }: PolicySettings,
): readonly Refusal[] {
  const column = facts.columns.find((each) => each.name === name);
  const label = `${tableName(facts)}.${quoteIdentifier(name)}`;
  if (!column) {
    const known = facts.columns.map((each) => each.name).join(', ');
    return [{ code: 'unknown-column', message: `${label} is not there; the table has ${known}` }];
  }
  switch (column.baseType) {
    case 'timestamp with time zone':
      if (zone === undefined) return [];
      return [
        {
          code: 'zone',
          message: `${label} stores instants, so olderThan.zone has no meaning; leave it out`,
        },
      ];
    case 'timestamp without time zone':
      if (zone !== undefined) return [];
      return [
        {
          code: 'zone',
          message: `${label} is a timestamp without time zone; say in which zone it was written: olderThan.zone, such as 'UTC'`,
        },
      ];
    case 'date':
      return [
        {
          code: 'column-type',
          message: `${label} is a date, which does not say when on that day; expected a timestamp column`,
        },
      ];
    default:
      return [
        { code: 'column-type', message: `${label} is ${column.type}, expected a timestamp column` },
      ];
  }
}

function childProblems(facts: TableFacts): readonly Refusal[] {
  return facts.foreignKeys
    .filter((key) => !key.isIndexed && key.pageCount > LARGE_PAGE_COUNT)
    .map((key) => ({
      code: 'missing-child-index',
      message: `Every deleted row would read ${key.table} (${key.pageCount} pages) whole, for the foreign key ${key.name}; first: create index concurrently on ${key.table} (${key.columns.map(quoteIdentifier).join(', ')})`,
    }));
}
