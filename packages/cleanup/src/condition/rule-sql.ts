import type { ColumnFacts } from '../catalog/columns.ts';
import { quoteIdentifier } from '../identifier.ts';
import { renderFragment, type SqlFragment } from '../sql.ts';

/** A rule with everything looked up that its SQL depends on. */
export type ResolvedRule = AgedRule | OrphanRule | InactiveRule | PurgeRule;

/** A column against the cut-off; with `agePer`, against one of each row's own. */
export interface AgedRule {
  readonly type: 'older-than';
  readonly aged: ResolvedColumn;
  readonly agePer: ResolvedAge | undefined;
}

/** No parent, and old enough. */
interface OrphanRule {
  readonly type: 'orphan-of';
  readonly aged: ResolvedColumn;
  /** The parent, with its schema, quoted. */
  readonly parentSql: string;
  /** Pairs of the row's column and the parent's. */
  readonly on: readonly (readonly [string, string])[];
}

/** An expression against the cut-off. */
interface InactiveRule {
  readonly type: 'inactive-for';
  readonly since: SqlFragment;
  readonly cutOff: string;
}

/** Marked by a soft delete of the same policy, and the time to take it back is over. */
interface PurgeRule {
  readonly type: 'purge';
  readonly aged: ResolvedColumn;
  /** The times of its marks, as the column holds them; others' marks are not its own. */
  readonly times: readonly string[];
  readonly set: readonly MarkedColumn[];
}

/** A column, and what a soft delete gives it. */
interface MarkedColumn {
  readonly column: ColumnFacts;
  readonly value: string | number | boolean | null;
}

/** A column and what it is compared with. */
export interface ResolvedColumn {
  readonly column: ColumnFacts;
  /** The cut-off as the column is compared with it: an instant, or wall-clock text. */
  readonly cutOffText: string;
}

/** An age of each row's own. */
export interface ResolvedAge {
  readonly per: SqlFragment;
  readonly defaultMs: number;
  /** The instant that ages are counted back from. */
  readonly base: string;
  /** An hour before it, as the column is compared with it: no row that is younger can be due. */
  readonly boundText: string;
  readonly zone: string | undefined;
}

/** SQL of the rule over the table called `alias`, as terms that are all to hold. */
export function ruleTerms(rule: ResolvedRule, alias: string, values: unknown[]): readonly string[] {
  if (rule.type === 'inactive-for') {
    return [
      `(\n${renderFragment(rule.since, values)}\n    ) < $${values.push(rule.cutOff)}::timestamptz`,
    ];
  }
  if (rule.type === 'older-than' && rule.agePer) {
    return agePerTerms(rule.aged, rule.agePer, alias, values);
  }
  const isOld = isBefore(rule.aged, rule.aged.cutOffText, alias, values);
  if (rule.type === 'older-than') return [isOld];
  if (rule.type === 'orphan-of') {
    const owns = rule.on.map(([own]) => `${alias}.${quoteIdentifier(own)} is not null`);
    return [isOld, ...owns, isOrphan(rule, alias)];
  }
  return [
    isOld,
    `${alias}.${quoteIdentifier(rule.aged.column.name)} = any($${values.push(rule.times)}::timestamptz[])`,
    ...rule.set.map((marked) => isAsMarked(marked, alias, values)),
  ];
}

/** As text, since not every type can be compared, and as the column has it, rounded or cut. */
function isAsMarked({ column, value }: MarkedColumn, alias: string, values: unknown[]): string {
  const name = `${alias}.${quoteIdentifier(column.name)}`;
  if (value === null) return `${name} is null`;
  return `${name}::text = $${values.push(value)}::${column.typeWithModifier}::text`;
}

function isBefore(
  { column }: ResolvedColumn,
  text: string,
  alias: string,
  values: unknown[],
): string {
  return `${alias}.${quoteIdentifier(column.name)} < $${values.push(text)}::${column.baseType}`;
}

/**
 * The row's own age is computed once, in a subquery of one row. In the hour that comes twice,
 * `at time zone` takes the later of the two instants, so a row is kept an hour longer rather than
 * deleted an hour early.
 */
function agePerTerms(
  aged: ResolvedColumn,
  age: ResolvedAge,
  alias: string,
  values: unknown[],
): readonly string[] {
  const name = `${alias}.${quoteIdentifier(aged.column.name)}`;
  const bound = isBefore(aged, age.boundText, alias, values);
  const instant =
    age.zone === undefined ? name : `(${name} at time zone $${values.push(age.zone)}::text)`;
  const ownAge = ageSql(age, values);
  return [
    bound,
    `(
      select ops_cleanup_age.age >= interval '1 hour'
        and ${instant} < $${values.push(age.base)}::timestamptz - ops_cleanup_age.age
      from (
        select ${ownAge} as age
        offset 0
      ) ops_cleanup_age
    )`,
  ];
}

/** The age of a row, as SQL. */
export function ageSql(age: ResolvedAge, values: unknown[]): string {
  return `coalesce((
${renderFragment(age.per, values)}
        ), $${values.push(Math.round(age.defaultMs * 1000))}::bigint * interval '1 microsecond')`;
}

function isOrphan({ parentSql, on }: OrphanRule, alias: string): string {
  const pairs = on.map(
    ([own, parents]) =>
      `ops_cleanup_parent.${quoteIdentifier(parents)} = ${alias}.${quoteIdentifier(own)}`,
  );
  return `not exists (
      select
      from ${parentSql} ops_cleanup_parent
      where ${pairs.join(' and ')}
    )`;
}
