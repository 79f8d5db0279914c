import type { ColumnFacts } from '../catalog/columns.ts';
import type { ForeignKeyFacts } from '../catalog/foreign-keys.ts';
import { quoteIdentifier } from '../identifier.ts';
import { renderFragment, type SqlFragment } from '../sql.ts';
import { type HeldChild, takesNoneHeld } from './held-children.ts';
import { isHeld, type ResolvedHold } from './hold-sql.ts';
import { type ResolvedRule, ruleTerms } from './rule-sql.ts';

export { isHeld, type ResolvedHold } from './hold-sql.ts';

/*
 * The one place where it is said which rows are due. Counting, explaining, picking and acting all
 * take it from here, so a hold cannot be in one and missing in another.
 */

/** Everything that decides whether a row is due. */
export interface ConditionFacts {
  /** The name by which the statement calls the table, quoted. */
  readonly alias: string;
  /** The policy's table with its schema, quoted: all of it, when it is partitioned. */
  readonly tableSql: string;
  /** The primary key's columns. */
  readonly key: readonly ColumnFacts[];
  readonly rule: ResolvedRule;
  readonly where: SqlFragment | undefined;
  /** So many newest rows stay, of the table or of each group. */
  readonly keeps: readonly Keep[];
  readonly holds: readonly ResolvedHold[];
  /** What goes with a row by foreign keys, as far as holds may cover that. */
  readonly heldChildren: readonly HeldChild[];
  /** A column that is null in rows that nobody has soft-deleted. */
  readonly notSoftDeletedColumn: string | undefined;
  /** Keys by which other tables may reference a row, which then stays. */
  readonly guards: readonly ForeignKeyFacts[];
}

export interface Keep {
  readonly count: number;
  readonly per: readonly string[];
  /** Newest by this column, then by primary key; undefined: by primary key alone. */
  readonly column: string | undefined;
}

/** Which rows of a table are due. */
export interface Condition {
  /** SQL that is true for due rows. Parameters are appended to `values`. */
  due(values: unknown[]): string;
  /** SQL that is true for rows that would be due, and that other rows reference; undefined without such keys. */
  readonly guarded: ((values: unknown[]) => string) | undefined;
  /** The guards that may hold a row back. */
  readonly guards: readonly ForeignKeyFacts[];
}

export function createCondition(facts: ConditionFacts): Condition {
  const terms = (values: unknown[]): string[] => [
    ...ruleTerms(facts.rule, facts.alias, values),
    ...ownTerms(facts, values),
    ...facts.keeps.map((keep) => isNotKept(facts, keep, values)),
    ...facts.holds.map((hold) => `not ${isHeld(facts.alias, hold, values)}`),
    ...facts.heldChildren.map((child) => takesNoneHeld(facts.alias, child, values)),
  ];
  const all = (parts: readonly string[]): string => parts.join('\n    and ');
  const guards = facts.guards.map((guard) => references(facts.alias, guard));
  return {
    guards: facts.guards,
    due: (values) => all([...terms(values), ...guards.map((found) => `${found} is null`)]),
    guarded:
      guards.length === 0
        ? undefined
        : (values) =>
            all([
              ...terms(values),
              `(${guards.map((found) => `${found} is not null`).join(' or ')})`,
            ]),
  };
}

function ownTerms(facts: ConditionFacts, values: unknown[]): readonly string[] {
  const terms: string[] = [];
  if (facts.notSoftDeletedColumn !== undefined) {
    terms.push(`${facts.alias}.${quoteIdentifier(facts.notSoftDeletedColumn)} is null`);
  }
  // The fragment has lines of its own, so a comment in it cannot swallow more.
  if (facts.where) terms.push(`(\n${renderFragment(facts.where, values)}\n    )`);
  return terms;
}

/**
 * True when enough newer rows are there, which are looked up by position in their group. The newest
 * rows of a group have too few before them whatever is deleted, so deleting many at once keeps them.
 */
function isNotKept(facts: ConditionFacts, keep: Keep, values: unknown[]): string {
  const { alias, tableSql } = facts;
  const names = [
    ...(keep.column === undefined ? [] : [keep.column]),
    ...facts.key.map(({ name }) => name).filter((name) => name !== keep.column),
  ].map(quoteIdentifier);
  const own = names.map((name) => `${alias}.${name}`).join(', ');
  const newer = names.map((name) => `ops_cleanup_newer.${name}`).join(', ');
  const count = `$${values.push(keep.count)}::bigint`;
  if (keep.per.length > 0) {
    const group = keep.per
      .map(quoteIdentifier)
      .map((name) => `ops_cleanup_newer.${name} = ${alias}.${name}`);
    return `(
      select count(*)
      from (
        select
        from ${tableSql} ops_cleanup_newer
        where ${group.join(' and ')}
          and (${newer}) > (${own})
        limit ${count}
      ) ops_cleanup_kept
    ) >= ${count}`;
  }
  const descending = names.map((name) => `ops_cleanup_newer.${name} desc`).join(', ');
  const column =
    keep.column === undefined
      ? ''
      : `\n      where ops_cleanup_newer.${quoteIdentifier(keep.column)} is not null`;
  return `(${own}) < (
      select ${newer}
      from ${tableSql} ops_cleanup_newer${column}
      order by ${descending}
      offset ${count} - 1
      limit 1
    )`;
}

/**
 * A scalar subquery, which the planner looks up by index row by row; `not exists` it may turn into a
 * join that reads the referencing table whole for every batch.
 */
function references(alias: string, guard: ForeignKeyFacts): string {
  const pairs = guard.columns.map(
    (column, index) =>
      `ops_cleanup_guard.${quoteIdentifier(column)} = ${alias}.${quoteIdentifier(guard.parentColumns[index] ?? '')}`,
  );
  return `(
      select true
      from ${guard.child.sql} ops_cleanup_guard
      where ${pairs.join(' and ')}
      limit 1
    )`;
}
