import type { PickedRows } from '../batch/action.ts';
import type { Leaf } from '../catalog/leaf.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { Statement } from '../statement.ts';
import type { ArchivedKey, ArchivedTable } from './archived-table.ts';

/*
 * The rows of a batch and all that would cascade from them are deleted by one statement, each table
 * by a part of its own that gives the rows back. Foreign keys fire at its end and find nothing left.
 *
 * All parts share one snapshot. So a row that is added below a child while the child is not locked
 * would be missed by its part, and then deleted by the key, unseen. Children that have children are
 * therefore locked FOR UPDATE by statements before it, parents first: nothing can be added below
 * them after that, and what was added before is in the newer snapshot. (The rows of the policy's own
 * table are locked already.)
 */

/** Parts of a `with`, and how the statement reads the rows of each place. */
export interface GoneRows {
  readonly parts: readonly string[];
  /** To be put behind `from`. */
  rowsOf(place: number): string;
}

const CHILD = 'ops_cleanup_child';
const PARENT = 'ops_cleanup_parent';

/** Deletes the rows and what hangs on them. */
export function goneRows(
  tables: readonly ArchivedTable[],
  leaf: Leaf,
  rows: PickedRows,
  values: unknown[],
): GoneRows {
  const rowsOf = (place: number): string => {
    const keys = tables[place]?.keys ?? [];
    const names = keys.length === 0 ? [partName(place, 0)] : keys.map((_, n) => partName(place, n));
    if (names.length === 1) return names[0] ?? '';
    return `(${names.map((name) => `select * from ${name}`).join(' union all ')})`;
  };
  const parts = tables.flatMap(({ place, source, keys }) =>
    place === 0
      ? [
          `${partName(0, 0)} as (
  delete from ${source} as ${leaf.alias}
  where ${rows.stillDue(values)}
  returning ${leaf.alias}.*
)`,
        ]
      : keys.map(
          (key, n) => `${partName(place, n)} as (
  delete from ${source} as ${CHILD}
  using ${rowsOf(key.parent)} as ${PARENT}
  where ${joined(key)}
  returning ${CHILD}.*
)`,
        ),
  );
  return { parts, rowsOf };
}

/** Locks the rows in between, in the order in which they must be. Mostly there are none. */
export function lockStatements(
  tables: readonly ArchivedTable[],
  leaf: Leaf,
  rows: PickedRows,
): readonly Statement[] {
  const parents = new Set(tables.flatMap(({ keys }) => keys.map(({ parent }) => parent)));
  return tables
    .filter(({ place }) => place > 0 && parents.has(place))
    .flatMap(({ source, keys }) =>
      keys.map((key) => ({
        text: `select count(*)::text as locked
from (
  select
  from ${source} as ${CHILD}, ${reachedRows(tables, leaf, key.parent)} as ${PARENT}
  where ${joined(key)}
  for update of ${CHILD}
) ops_cleanup_locked`,
        values: [rows.ctids],
      })),
    );
}

/** The rows of a place that belong to the batch, before they are deleted. */
function reachedRows(tables: readonly ArchivedTable[], leaf: Leaf, place: number): string {
  const table = tables[place];
  if (!table || place === 0) {
    return `(
    select ${leaf.alias}.*
    from only ${leaf.sql} as ${leaf.alias}
    where ${leaf.alias}.ctid = any($1::tid[])
  )`;
  }
  return `(
    ${table.keys
      .map(
        (key) => `select ${CHILD}.*
    from ${table.source} as ${CHILD}, ${reachedRows(tables, leaf, key.parent)} as ${PARENT}
    where ${joined(key)}`,
      )
      .join('\n    union all ')}
  )`;
}

function joined({ columns, parentColumns }: ArchivedKey): string {
  return columns
    .map(
      (column, index) =>
        `${CHILD}.${quoteIdentifier(column)} = ${PARENT}.${quoteIdentifier(parentColumns[index] ?? '')}`,
    )
    .join(' and ');
}

function partName(place: number, key: number): string {
  return `ops_cleanup_gone_${place}${key === 0 ? '' : `_${key}`}`;
}
