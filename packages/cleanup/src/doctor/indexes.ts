import type { Leaf } from '../catalog/leaf.ts';
import type { Query } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { CleanupFinding } from './diagnosis.ts';
import type { Case, Examination, Limits } from './examination.ts';
import { figure, finding } from './finding.ts';
import { type IndexFacts, inspectIndexes, leads } from './index-facts.ts';
import { type FoundSubject, found, grouped } from './subjects.ts';

/** Indexes by which due rows, their children and their holds are found. */
export function examineIndexes({ subjects, limits }: Case): Examination {
  return {
    of: 'the indexes',
    async examine(query) {
      const all = found(subjects);
      const indexes = await inspectIndexes(query, oidsOf(all));
      return [
        ...invalidIndexes(all, indexes),
        ...missingOwn(all, indexes, limits),
        ...(await missingOnChildren(query, all, indexes, limits)),
        ...missingOnHolds(all, indexes, limits),
      ];
    },
  };
}

/** Of all tables that are looked at; of partitioned ones the partitions too. */
function oidsOf(all: readonly FoundSubject[]): readonly string[] {
  return all.flatMap(({ facts, graph, holds }) => [
    ...facts.leaves.map(({ oid }) => oid),
    ...[...graph.cascades, ...graph.resets, ...graph.guards].map(({ child }) => child.oid),
    ...holds.flatMap(({ facts: hold }) => hold?.leaves.map(({ oid }) => oid) ?? []),
  ]);
}

function invalidIndexes(
  all: readonly FoundSubject[],
  indexes: readonly IndexFacts[],
): readonly CleanupFinding[] {
  return indexes
    .filter(({ isValid, isPartitioned }) => !isValid && !isPartitioned)
    .map(({ table, oid, sql }) =>
      finding({
        code: 'invalid-index',
        severity: 'warn',
        policies: all
          .filter((subject) => oidsOf([subject]).includes(oid))
          .map((each) => each.policy),
        table,
        message: `The index ${sql} is invalid, as "create index concurrently" leaves it when it fails: it is written to and never read`,
        remedy: 'Build it again, or drop it',
        sql: [`reindex index concurrently ${sql}`],
      }),
    );
}

/** The columns that bound what is due: that of the cut-off, and that of the marks. */
function agedColumns({ settings }: FoundSubject): readonly string[] {
  const { rule, outcome } = settings;
  if (outcome.type === 'drop-partitions' || rule.type === 'inactive-for') return [];
  const main = rule.type === 'older-than' && rule.agePer ? [] : [rule.column];
  return outcome.type === 'soft-delete' ? [...main, outcome.at] : main;
}

/** One finding for all partitions of a table: they may be hundreds. */
function missingOwn(
  all: readonly FoundSubject[],
  indexes: readonly IndexFacts[],
  { largePages }: Limits,
): readonly CleanupFinding[] {
  const pairs = all.flatMap((subject) =>
    agedColumns(subject).map(
      (column) =>
        [`${subject.facts.oid} ${column}`, { ...subject.facts, column }, subject.policy] as const,
    ),
  );
  return grouped(pairs).flatMap(({ thing: { sql, leaves, column }, policies }) => {
    const bare = leaves
      .filter(({ columns }) => columns.some(({ name }) => name === column))
      .filter(({ oid }) => !leads(indexes, oid, [column]))
      .filter(({ oid }) => !hasInvalid(indexes, oid, [column]));
    return bare.length === 0 ? [] : missingOn({ sql, column, bare, policies }, largePages);
  });
}

interface Bare {
  /** The table of the policies. */
  readonly sql: string;
  readonly column: string;
  /** It, or its partitions, as far as they lack the index. */
  readonly bare: readonly Leaf[];
  readonly policies: readonly string[];
}

function missingOn({ sql, column, bare, policies }: Bare, largePages: number): CleanupFinding {
  const isLarge = bare.some(({ pageCount }) => pageCount > largePages);
  const pages = bare.reduce((sum, { pageCount }) => sum + pageCount, 0);
  const isWhole = bare.length === 1 && bare[0]?.sql === sql;
  const where = isWhole ? sql : `${figure(bare.length)} partitions of ${sql}`;
  return finding({
    code: 'missing-index',
    severity: isLarge ? 'warn' : 'info',
    policies,
    table: sql,
    message: `No index of ${where} leads with ${quoteIdentifier(column)}, so each run reads all of the ${figure(pages)} pages, or is refused when few rows are due`,
    remedy: isLarge ? 'Create it' : 'Create it before the table is large',
    sql: bare.map((leaf) =>
      createIndex(leaf.sql, [column, ...leaf.keyColumns.filter((name) => name !== column)]),
    ),
  });
}

async function missingOnChildren(
  query: Query,
  all: readonly FoundSubject[],
  indexes: readonly IndexFacts[],
  { largePages }: Limits,
): Promise<readonly CleanupFinding[]> {
  const keys = all.flatMap(({ graph, policy }) =>
    [...graph.cascades, ...graph.resets, ...graph.guards]
      .filter((key) => !key.isIndexed)
      .map((key) => [`${key.child.oid} ${key.constraint}`, key, policy] as const),
  );
  const findings: CleanupFinding[] = [];
  for (const { thing: key, policies } of grouped(keys)) {
    if (hasInvalid(indexes, key.child.oid, key.columns)) continue;
    const isLarge = key.pageCount > largePages;
    findings.push(
      finding({
        code: 'missing-child-index',
        severity: isLarge ? 'error' : 'info',
        policies,
        table: key.child.sql,
        message: `Every deleted row of ${key.parent.sql} makes the server read all ${figure(key.pageCount)} pages of ${key.child.sql} for the foreign key ${key.constraint}, which no index leads with${isLarge ? '; the policy is refused' : ''}`,
        remedy: isLarge ? 'Create it' : 'Create it before that table is large',
        sql: await indexStatements(query, key.child, key.columns),
      }),
    );
  }
  return findings;
}

function missingOnHolds(
  all: readonly FoundSubject[],
  indexes: readonly IndexFacts[],
  { largePages }: Limits,
): readonly CleanupFinding[] {
  const pairs = all.flatMap(({ holds, policy }) =>
    holds.flatMap(({ hold, facts }) => {
      const columns = hold.on.map(([name]) => name);
      const leaves = facts?.leaves.filter(({ pageCount }) => pageCount > largePages) ?? [];
      return leaves.map(
        (leaf) => [`${leaf.oid} ${columns.join()}`, { leaf, columns }, policy] as const,
      );
    }),
  );
  return grouped(pairs)
    .filter(({ thing: { leaf, columns } }) => !leads(indexes, leaf.oid, columns))
    .filter(({ thing: { leaf, columns } }) => !hasInvalid(indexes, leaf.oid, columns))
    .map(({ thing: { leaf, columns }, policies }) =>
      finding({
        code: 'missing-hold-index',
        severity: 'warn',
        policies,
        table: leaf.sql,
        message: `No index of ${leaf.sql} leads with ${columns.map(quoteIdentifier).join(', ')}, so every batch reads all ${figure(leaf.pageCount)} pages of holds`,
        remedy: 'Create it',
        sql: [createIndex(leaf.sql, columns)],
      }),
    );
}

function hasInvalid(
  indexes: readonly IndexFacts[],
  oid: string,
  columns: readonly string[],
): boolean {
  const invalid = indexes.filter(({ isValid }) => !isValid);
  return leads(
    invalid.map((index) => ({ ...index, isValid: true })),
    oid,
    columns,
  );
}

/**
 * A partitioned table takes no concurrent build, so its partitions get theirs first; the index of the
 * whole then only takes those in, under a lock that lets reading go on.
 */
async function indexStatements(
  query: Query,
  table: { readonly oid: string; readonly sql: string },
  columns: readonly string[],
): Promise<readonly string[]> {
  const leaves = await query(
    `select format('%I.%I', n.nspname, c.relname) as sql
     from pg_partition_tree($1::oid::regclass) t
     join pg_class c on c.oid = t.relid
     join pg_namespace n on n.oid = c.relnamespace
     where t.isleaf
       and c.oid <> $1::oid
       and c.relkind = 'r'
     order by c.oid`,
    [table.oid],
  );
  if (leaves.length === 0) return [createIndex(table.sql, columns)];
  const whole = `create index on ${table.sql} (${columns.map(quoteIdentifier).join(', ')})`;
  return [...leaves.map((leaf) => createIndex(leaf['sql'] ?? '', columns)), whole];
}

function createIndex(table: string, columns: readonly string[]): string {
  return `create index concurrently on ${table} (${columns.map(quoteIdentifier).join(', ')})`;
}
