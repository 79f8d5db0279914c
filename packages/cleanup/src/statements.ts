import type { TextRow } from './database.ts';
import { quoteIdentifier } from './identifier.ts';
import { renderFragment, type SqlFragment } from './sql.ts';

/** Everything that the statements of one policy are made of. */
export interface Target {
  readonly oid: string;
  readonly schema: string;
  readonly table: string;
  /** Order of the walk: the cut-off column, then the rest of the primary key. */
  readonly walk: readonly WalkColumn[];
  /** The primary key's columns, in its order. */
  readonly keyColumns: readonly string[];
  /** SQL type of the cut-off column, to cast the bound text to. */
  readonly cutOffType: string;
  /** The cut-off as the column is compared with it: an instant, or wall-clock text. */
  readonly cutOffText: string;
  readonly where: SqlFragment | undefined;
}

interface WalkColumn {
  readonly name: string;
  /** SQL type, to cast the text of a position back to. */
  readonly type: string;
}

/** A row's place in the walk: the text of each walk column. */
export type Position = readonly string[];

/** Where a statement looks: everywhere, behind a position, or at the one row there. */
export type Range =
  | { readonly from: 'start' }
  | { readonly from: 'after' | 'only'; readonly position: Position };

/**
 * What to do about a row that another session has locked: go past it (`skip`), or wait until
 * `lock_timeout` (`wait`).
 */
export type RowLock = 'skip' | 'wait';

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Long names, because a condition's own subqueries see them. */
const PICKED = 'ops_cleanup_picked';
const GONE = 'ops_cleanup_gone';
const AHEAD = 'ops_cleanup_ahead';

/** Name of the part of {@link deleteStatement} that walks the table. */
export const PICKED_CTE: string = PICKED;

/** The table as SQL. */
export function quotedTable(target: Target): string {
  return `${quoteIdentifier(target.schema)}.${quoteIdentifier(target.table)}`;
}

/**
 * Deletes the next `limit` expired rows and returns one row: how many were picked, how many of them
 * deleted, the last one's position (see {@link positionOf}), and the transaction's id.
 *
 * Why it cannot delete a row that is no longer expired: `for update` follows a row that another
 * transaction changed to its newest version, tests the condition on that, and holds it; and the
 * delete tests the condition again. Forms that leave out both (`where id in (select … limit n)`)
 * were measured to delete rows that had just turned fresh, on PostgreSQL 15, 17 and 18. The two are
 * joined by primary key, not by ctid, which a changed row no longer has.
 *
 * Rows are locked FOR UPDATE, which also stops new references to them from being added; the table
 * is locked ROW EXCLUSIVE.
 */
export function deleteStatement(
  target: Target,
  range: Range,
  limit: number,
  rowLock: RowLock,
): Statement {
  const values: unknown[] = [];
  const condition = expired(target, values);
  const place = within(target, range, values);
  const joined = target.keyColumns.map(
    (name) => `${column(target, name)} = ${PICKED}.${walkAlias(target, name)}`,
  );
  const last = target.walk.map((_, index) => `${key(index)} desc`).join(', ');
  const text = `with ${PICKED} as materialized (
  select ${walkList(target)}
  from only ${quotedTable(target)}
  where ${condition}${place}
  order by ${walkOrder(target)}
  limit $${values.push(limit)}::bigint
  for update${rowLock === 'skip' ? ' skip locked' : ''}
),
${GONE} as (
  delete from only ${quotedTable(target)}
  using ${PICKED}
  where ${joined.join('\n    and ')}
    and ${condition}
  returning 1
)
select
  (select count(*) from ${PICKED})::text as picked,
  (select count(*) from ${GONE})::text as deleted,
  pg_current_xact_id()::text as transaction_id,
  ${target.walk.map((_, index) => `last.${key(index)}::text as ${key(index)}`).join(', ')}
from (select) one
left join lateral (select * from ${PICKED} order by ${last} limit 1) last on true`;
  return { text, values };
}

/** Counts the next rows, up to `limit`, and returns the first one's position; locks no row. */
export function lookAheadStatement(target: Target, range: Range, limit: number): Statement {
  const values: unknown[] = [];
  const condition = expired(target, values);
  const place = within(target, range, values);
  const first = target.walk.map((_, index) => key(index)).join(', ');
  const text = `with ${AHEAD} as materialized (
  select ${walkList(target)}
  from only ${quotedTable(target)}
  where ${condition}${place}
  order by ${walkOrder(target)}
  limit $${values.push(limit)}::bigint
)
select
  (select count(*) from ${AHEAD})::text as ahead,
  ${target.walk.map((_, index) => `first.${key(index)}::text as ${key(index)}`).join(', ')}
from (select) one
left join lateral (select * from ${AHEAD} order by ${first} limit 1) first on true`;
  return { text, values };
}

/** The expired rows, at most `limit` of them, as `select` of nothing: to be counted or explained. */
export function candidatesStatement(target: Target, limit: number | undefined): Statement {
  const values: unknown[] = [];
  const text = `select
  from only ${quotedTable(target)}
  where ${expired(target, values)}`;
  if (limit === undefined) return { text, values };
  return { text: `${text}\n  limit $${values.push(limit)}::bigint`, values };
}

/** The condition of the policy. The fragment has lines of its own, so a comment cannot swallow more. */
function expired(target: Target, values: unknown[]): string {
  const [cutOff] = target.walk;
  const name = column(target, cutOff?.name ?? '');
  const isOld = `${name} < $${values.push(target.cutOffText)}::${target.cutOffType}`;
  if (target.where === undefined) return isOld;
  return `${isOld}
    and (
${renderFragment(target.where, values)}
    )`;
}

function within(target: Target, range: Range, values: unknown[]): string {
  if (range.from === 'start') return '';
  const names = target.walk.map(({ name }) => column(target, name)).join(', ');
  const texts = target.walk
    .map(({ type }, i) => `$${values.push(range.position[i])}::${type}`)
    .join(', ');
  return `\n    and (${names}) ${range.from === 'after' ? '>' : '='} (${texts})`;
}

/** Qualified: in `order by` a bare name would be the output column of that name, a text. */
function walkOrder(target: Target): string {
  return target.walk.map(({ name }) => column(target, name)).join(', ');
}

function walkList(target: Target): string {
  return target.walk
    .map(({ name }, index) => `${column(target, name)} as ${key(index)}`)
    .join(', ');
}

/** Longer than any column a condition may name without its table. */
function key(index: number): string {
  return `ops_cleanup_key_${index}`;
}

/** Reads the position out of a row that a statement above returned; undefined when there was none. */
export function positionOf(target: Target, row: TextRow | undefined): Position | undefined {
  const texts = target.walk.map((_, index) => row?.[key(index)]);
  return texts.every((text) => typeof text === 'string') ? texts : undefined;
}

function walkAlias(target: Target, name: string): string {
  return key(target.walk.findIndex((walked) => walked.name === name));
}

function column(target: Target, name: string): string {
  return `${quoteIdentifier(target.table)}.${quoteIdentifier(name)}`;
}
