import type { CascadeGraph, CascadeKey } from '../catalog/cascade-graph.ts';
import { primaryKey } from '../catalog/columns.ts';
import type { TableFacts } from '../catalog/table-facts.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { ForeignKey, Refusal } from '../plan.ts';
import type { Outcome } from './policy-settings.ts';

/** 40 MB. A smaller table may be read whole: that takes a few milliseconds. */
export const LARGE_PAGE_COUNT = 5_000;

const KINDS: Readonly<Record<string, string>> = {
  f: 'a foreign table, which has no primary key and takes no row locks here',
  m: 'a materialized view',
  S: 'a sequence',
  v: 'a view; name the table below it',
};

/** Everything about the table itself that forbids the policy. */
export function tableProblems(facts: TableFacts): readonly Refusal[] {
  const { sql, kind, foreignLeaves } = facts;
  const code = 'table-kind';
  if (kind !== 'r' && kind !== 'p') {
    return [{ code, message: `${sql} is ${KINDS[kind] ?? `no ordinary table (relkind ${kind})`}` }];
  }
  const problems: Refusal[] = [];
  if (facts.hasChildren) {
    const message = `${sql} has tables that inherit from it, and its primary key does not span them; name each as a table`;
    problems.push({ code, message });
  }
  if (foreignLeaves.length > 0) {
    const message = `${sql} has partitions that are foreign tables, which take no row locks here: ${foreignLeaves.join(', ')}`;
    problems.push({ code, message });
  }
  if (facts.rules.length > 0) {
    const message = `${sql} has rules that rewrite a DELETE or UPDATE (${facts.rules.join(', ')}), so that other rows could go than those that were picked, or none; replace them by triggers`;
    problems.push({ code, message });
  }
  if (primaryKey(facts.columns).length === 0) {
    const message = `${sql} has no primary key, so rows cannot be told apart safely; add one`;
    problems.push({ code: 'no-primary-key', message });
  }
  return problems;
}

/** Everything below the table that forbids the policy. */
export function graphProblems(graph: CascadeGraph, outcome: Outcome): readonly Refusal[] {
  const slow = [...graph.cascades, ...graph.resets, ...graph.guards]
    .filter((key) => !key.isIndexed && key.pageCount > LARGE_PAGE_COUNT)
    .map((key) => ({
      code: 'missing-child-index' as const,
      message: `Every deleted row of ${key.parent.sql} would read ${key.child.sql} (${key.pageCount} pages) whole, for the foreign key ${key.constraint}; first: create index concurrently on ${key.child.sql} (${key.columns.map(quoteIdentifier).join(', ')})`,
    }));
  if (outcome.type !== 'archive') return slow;
  const circles = graph.cycles.map((cycle) => ({
    code: 'cycle' as const,
    message: `Rows cascade in a circle, ${cycle.join(' → ')}, so not all that is deleted could be archived; make one of its foreign keys "on delete restrict"`,
  }));
  return [...slow, ...circles];
}

/** Circles, when rows may be held: a row's cascade is looked through for held rows to a fixed depth. */
export function heldCycleProblems({ cycles }: CascadeGraph): readonly Refusal[] {
  return cycles.map((cycle) => ({
    code: 'cycle',
    message: `Rows cascade in a circle, ${cycle.join(' → ')}, so a held row could be deleted along with one that is not; make one of its foreign keys "on delete restrict", or say that holds do not count: holds: { exempt: true, because: '…' }`,
  }));
}

/** What is allowed and should be known. */
export function tableWarnings(
  facts: TableFacts,
  graph: CascadeGraph,
  outcome: Outcome,
): readonly string[] {
  const warnings = [
    ...graph.cascades.map((key) => cascadeWarning(key, outcome)),
    ...graph.resets.map(
      (key) =>
        `${place(key)} is ${key.onDelete} where it references a deleted row (${key.constraint})`,
    ),
    ...graph.guards.map(
      (key) =>
        `Rows that ${place(key)} references stay, and are reported as blocked (${key.constraint})`,
    ),
    ...[...graph.cascades, ...graph.resets, ...graph.guards]
      .filter((key) => !key.isIndexed)
      .map(
        (key) =>
          `${place(key)} has no index: every deleted row reads that table whole (${key.constraint})`,
      ),
    ...graph.cycles.map(
      (cycle) =>
        `Rows cascade in a circle, ${cycle.join(' → ')}: whatever references a deleted row goes along, due or not, to any depth; it is uncounted and lost`,
    ),
  ];
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

function cascadeWarning(key: CascadeKey, outcome: Outcome): string {
  const rows = `Rows of ${place(key)} that reference a deleted row`;
  if (outcome.type === 'archive') {
    return `${rows} are archived and deleted with it (${key.constraint})`;
  }
  return `${rows} are deleted with it, uncounted; they are lost (${key.constraint})`;
}

function place({ child, columns }: CascadeKey): string {
  return `${child.sql} (${columns.join(', ')})`;
}

/** As the plan shows them, in the order of depth and name. */
export function shownKeys(graph: CascadeGraph): readonly ForeignKey[] {
  return [...graph.cascades, ...graph.resets, ...graph.guards]
    .toSorted((a, b) => a.depth - b.depth || (a.constraint < b.constraint ? -1 : 1))
    .map((key) => ({
      name: key.constraint,
      table: key.child.sql,
      columns: key.columns,
      references: key.parent.sql,
      depth: key.depth,
      onDelete: key.onDelete,
      isIndexed: key.isIndexed,
      pageCount: key.pageCount,
    }));
}
