import type { TextRow } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { Statement } from '../statement.ts';
import type { Position, Range, RowLock, Target } from './target.ts';

/** Long names, because a condition's own subqueries see them. */
const PICKED = 'ops_cleanup_picked';
const CTID = 'ops_cleanup_ctid';
const BYTES = 'ops_cleanup_bytes';

/** Name of the part of {@link pickStatement} that walks the table. */
export const PICKED_CTE: string = PICKED;

/**
 * Picks and locks the next due rows, up to `limit`, and returns one row: how many (`picked`, and
 * `seen` with those that `maxBytes` left for later), their ctids, the last one's position (see
 * {@link positionOf}) and the transaction's id.
 *
 * `for update` follows a row that another transaction changed to its newest version, tests the
 * condition on that, and holds it; so the ctids are those of versions that are due and stay.
 *
 * Rows are locked FOR UPDATE, which also stops new references to them from being added.
 *
 * The ctids are text. In binary form, of `array_send`, they would make the statement a tenth cheaper
 * (measured), and every driver would have to be able to send binary parameters.
 */
export function pickStatement(
  target: Target,
  range: Range,
  limit: number,
  rowLock: RowLock,
): Statement {
  const values: unknown[] = [];
  const taken = target.maxBytes === undefined ? PICKED : 'ops_cleanup_taken';
  const seen = target.maxBytes === undefined ? 'count(*)' : `(select count(*) from ${PICKED})`;
  const text = `with ${PICKED} as materialized (
${selectDue(target, range, limit, values, bytesColumn(target))}
  for update${rowLock === 'skip' ? ' skip locked' : ''}
)${withinBytes(target, values)}
select
  ${seen}::text as seen,
  count(*)::text as picked,
  array_agg(${CTID})::text as ctids,
  pg_current_xact_id()::text as transaction_id,
  ${lastPosition(target)}
from ${taken}`;
  return { text, values };
}

/**
 * Of the row that came last, in the order of the walk: sorting the picked rows for it would cost a
 * fifth of the statement (measured). Of arrays there is no array, so those are put down as text.
 *
 * A row that another transaction changed may stand where it does not belong by its new values, which
 * are behind the place that the batch began at in any case. What a walk passes by, a sweep finds.
 */
function lastPosition({ walk }: Target): string {
  if (walk.kind === 'heap-windows') return `max(${CTID})::text as ${resultName(CTID)}`;
  return walk.columns
    .map(({ baseType }, index) => {
      const key = `${walkKey(index)}${baseType.endsWith(']') ? '::text' : ''}`;
      return `(array_agg(${key}))[count(*)]::text as ${resultName(walkKey(index))}`;
    })
    .join(',\n  ');
}

/** The next due rows, one by one with position and key; locks none. */
export function lookAheadStatement(target: Target, range: Range, limit: number): Statement {
  const values: unknown[] = [];
  const text = `select ${rowList(target)}
from (
${selectDue(target, range, limit, values, keyColumns(target))}
) ${PICKED}
order by ${orderKeys(target).join(', ')}`;
  return { text, values };
}

/** Locks these rows as far as they are still due, and returns them one by one. */
export function lockStatement(
  target: Target,
  ctids: readonly string[],
  rowLock: RowLock,
): Statement {
  const values: unknown[] = [];
  const { leaf, condition } = target;
  const listed = `$${values.push(ctids)}::tid[]`;
  const text = `with ${PICKED} as materialized (
  select ${walkList(target)}, ${keyColumns(target).join(', ')}
  from only ${leaf.sql} as ${leaf.alias}
  where ${leaf.alias}.ctid = any(${listed})
    and ${sealed(condition.due(values))}
  for update${rowLock === 'skip' ? ' skip locked' : ''}
)
select ${rowList(target)}, pg_current_xact_id()::text as transaction_id
from ${PICKED}
order by ${orderKeys(target).join(', ')}`;
  return { text, values };
}

/** The due rows, at most `limit` of them, as `select` of nothing: to be counted or explained. */
export function candidatesStatement(
  { leaf, condition }: Pick<Target, 'leaf' | 'condition'>,
  limit: number | undefined,
): Statement {
  const values: unknown[] = [];
  const text = `select
  from only ${leaf.sql} as ${leaf.alias}
  where ${condition.due(values)}`;
  if (limit === undefined) return { text, values };
  return { text: `${text}\n  limit $${values.push(limit)}::bigint`, values };
}

/** Counts the rows whose first walk column has this value, up to `most`. */
export function equalRowsStatement(
  { leaf, walk }: Pick<Target, 'leaf' | 'walk'>,
  value: string,
  most: number,
): Statement {
  const column = walk.kind === 'keyset' ? walk.columns[0] : undefined;
  if (!column) throw new TypeError('a walk without a column');
  const text = `select count(*)::text as count
from (
  select
  from only ${leaf.sql} as ${leaf.alias}
  where ${leaf.alias}.${quoteIdentifier(column.name)} = $1::${column.type}
  limit $2::bigint
) ${PICKED}`;
  return { text, values: [value, most] };
}

/**
 * In a form that no index serves, where rows are found by ctid. The planner would take an index
 * when it believes that few rows are due, and read all that are for each batch.
 */
export function sealed(condition: string): string {
  return `(
    ${condition}
    ) is true`;
}

function selectDue(
  target: Target,
  range: Range,
  limit: number,
  values: unknown[],
  more: readonly string[],
): string {
  const { leaf, condition, walk } = target;
  const due = condition.due(values);
  return `  select ${[walkList(target), ...more].join(', ')}
  from only ${leaf.sql} as ${leaf.alias}
  where ${walk.kind === 'keyset' ? due : sealed(due)}${within(target, range, values)}${without(target, range, values)}
  order by ${walkOrder(target)}
  limit $${values.push(limit)}::bigint`;
}

function within({ leaf, walk }: Target, range: Range, values: unknown[]): string {
  if (range.walk === 'heap-windows') {
    const to = `(${range.toPage},0)`;
    return `
    and ${leaf.alias}.ctid >= $${values.push(range.from)}::tid
    and ${leaf.alias}.ctid < $${values.push(to)}::tid`;
  }
  if (walk.kind !== 'keyset') throw new TypeError('a keyset range of a walk by heap windows');
  const names = walk.columns.map(({ name }) => `${leaf.alias}.${quoteIdentifier(name)}`).join(', ');
  const row = (position: Position): string =>
    walk.columns.map(({ type }, i) => `$${values.push(position[i])}::${type}`).join(', ');
  const after = range.after && `\n    and (${names}) > (${row(range.after)})`;
  const upTo = range.upTo && `\n    and (${names}) <= (${row(range.upTo)})`;
  return `${after ?? ''}${upTo ?? ''}`;
}

function without({ leaf }: Target, range: Range, values: unknown[]): string {
  if (range.without === undefined || range.without.length === 0) return '';
  return `\n    and ${leaf.alias}.ctid <> all($${values.push(range.without)}::tid[])`;
}

/** Qualified: in `order by` a bare name would be the output column of that name. */
function walkOrder({ leaf, walk }: Target): string {
  if (walk.kind === 'heap-windows') return `${leaf.alias}.ctid`;
  return walk.columns.map(({ name }) => `${leaf.alias}.${quoteIdentifier(name)}`).join(', ');
}

function walkList({ leaf, walk }: Target): string {
  const ctid = `${leaf.alias}.ctid as ${CTID}`;
  if (walk.kind === 'heap-windows') return ctid;
  return [
    ctid,
    ...walk.columns.map(
      ({ name }, index) => `${leaf.alias}.${quoteIdentifier(name)} as ${walkKey(index)}`,
    ),
  ].join(', ');
}

function orderKeys({ walk }: Target): readonly string[] {
  return walk.kind === 'heap-windows' ? [CTID] : walk.columns.map((_, index) => walkKey(index));
}

/** Rows one by one: their ctid, position and key as text. */
function rowList(target: Target): string {
  const keys = target.leaf.keyColumns.map((_, index) => rowKey(index));
  const walked = target.walk.kind === 'heap-windows' ? [] : orderKeys(target);
  return [CTID, ...walked, ...keys].map((key) => `${key}::text as ${resultName(key)}`).join(', ');
}

function keyColumns({ leaf }: Target): readonly string[] {
  return leaf.keyColumns.map(
    (name, index) => `${leaf.alias}.${quoteIdentifier(name)} as ${rowKey(index)}`,
  );
}

/** Stored size, TOAST included, without reading what is stored apart. */
function bytesColumn({ leaf, maxBytes }: Target): readonly string[] {
  if (maxBytes === undefined) return [];
  const sizes = leaf.columns
    .filter((column) => column.isVariable)
    .map(({ name }) => `coalesce(pg_column_size(${leaf.alias}.${quoteIdentifier(name)}), 0)`);
  return [`${['32', ...sizes].join(' + ')} as ${BYTES}`];
}

/** The first row always; then as long as those before it leave room. */
function withinBytes(target: Target, values: unknown[]): string {
  if (target.maxBytes === undefined) return '';
  return `,
ops_cleanup_taken as (
  select *
  from (
    select *, sum(${BYTES}) over (
      order by ${orderKeys(target).join(', ')} rows unbounded preceding
    ) as ops_cleanup_sum
    from ${PICKED}
  ) ops_cleanup_summed
  where ops_cleanup_sum <= $${values.push(target.maxBytes)}::bigint
    or ops_cleanup_sum = ${BYTES}
)`;
}

/** Longer than any column a condition may name without its table. */
function walkKey(index: number): string {
  return `ops_cleanup_walk_${index}`;
}

function rowKey(index: number): string {
  return `ops_cleanup_key_${index}`;
}

/** Another name than the column's own: `order by` would take the text. */
function resultName(key: string): string {
  return `${key}_text`;
}

/** Reads the position out of a row that a statement above returned; undefined when there was none. */
export function positionOf(target: Target, row: TextRow | undefined): Position | undefined {
  const texts = orderKeys(target).map((key) => row?.[resultName(key)]);
  return texts.every((text) => typeof text === 'string') ? texts : undefined;
}

/** A row of {@link lookAheadStatement} or {@link lockStatement}. */
export function listedRow(target: Target, row: TextRow): ListedRow {
  return {
    ctid: row[resultName(CTID)] ?? '',
    position: positionOf(target, row) ?? [],
    key: Object.fromEntries(
      target.leaf.keyColumns.map((name, index) => [name, row[resultName(rowKey(index))] ?? '']),
    ),
  };
}

/** One row, named. */
export interface ListedRow {
  readonly ctid: string;
  readonly position: Position;
  /** Text of the primary key, by column. */
  readonly key: Readonly<Record<string, string>>;
}
