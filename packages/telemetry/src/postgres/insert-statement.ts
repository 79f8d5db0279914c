import type { EventField } from './columns.ts';
import type { TableLayout, TargetColumn } from './table-layout.ts';

/** Where the rows come from: columns `c0`, `c1` … of text, one for each column that is written. */
export interface RowSource {
  /** What follows "from", with the alias `s`. */
  readonly from: string;
  /** The same rows with their id at least, to be gone through once more. Alias `s` again. */
  readonly ids: string;
  /** What the statement returns of each row that was there before. */
  readonly returning: string;
}

/** An array for each column. */
export function unnestSource(layout: TableLayout): RowSource {
  const arrays = layout.columns.map((_, index) => `$${index + 1}::text[]`);
  const names = layout.columns.map((_, index) => `c${index}`);
  const id = layout.columns.findIndex(({ field }) => field === 'id');
  return {
    // One array per column instead of one parameter per value: the statement's text depends on the
    // layout alone, and 65,535 parameters are no bound on the rows.
    from: `unnest(${arrays.join(', ')}) as s (${names.join(', ')})`,
    ids: `unnest($${id + 1}::text[]) as s (c${id})`,
    returning: `s.c${id} as id`,
  };
}

/**
 * Into a plain table. Only a conflict on the id is a repeat. One on another unique index of the table
 * is the fault of its row: passed over in silence, the event would count as stored.
 *
 * Takes a row exclusive lock on the table, which only DDL conflicts with. A row with the same id in
 * another open transaction is waited for.
 */
export function plainStatement(layout: TableLayout, source: RowSource): string {
  const { id } = namesOf(layout);
  return `
with added as (
  insert into ${layout.table} (${columnList(layout)})
  select ${valueList(layout)}
  from ${source.from}
  on conflict (${id.name}) do nothing
  returning ${id.name} as id
)
${repeats(layout, source)}`;
}

/**
 * Into a partitioned table, rows that lie in their home month. The primary key of their partition
 * keeps one of those with an id, and those with it that lie elsewhere are noted in `moved`. Run
 * under the shared lock, taken by a statement before, so that it sees all notes there will be.
 *
 * "on conflict" names no index, since the index belongs to the partition.
 */
export function homeStatement(layout: TableLayout, moved: string, source: RowSource): string {
  const { id } = namesOf(layout);
  return `
with added as (
  insert into ${layout.table} (${columnList(layout)})
  select ${valueList(layout)}
  from ${source.from}
  where not exists (select from ${moved} m where m.id = ${id.value})
  on conflict do nothing
  returning ${id.name} as id
)
${repeats(layout, source)}`;
}

/**
 * Into a partitioned table, rows that lie outside their home month: an id that is in any partition
 * is a repeat. Run under the exclusive lock, taken by a statement before: whoever inserted before has
 * committed and is seen, and nobody else inserts meanwhile. Each row is noted in `moved`, so that
 * those who come later in their home month find it without looking everywhere.
 */
export function movedStatement(layout: TableLayout, moved: string, source: RowSource): string {
  const { id, time } = namesOf(layout);
  return `
with fresh as (
  select distinct on (${id.value}) s.*
  from ${source.from}
  order by ${id.value}
),
added as (
  insert into ${layout.table} (${columnList(layout)})
  select ${valueList(layout)}
  from fresh s
  where not exists (select from ${layout.table} e where e.${id.name} = ${id.value})
  on conflict do nothing
  returning ${id.name} as id, ${time.name} as created_at
),
noted as (
  insert into ${moved} (id, created_at)
  select a.id, a.created_at
  from added a
  on conflict do nothing
)
${repeats(layout, source)}`;
}

/** Few as a rule, while all that were added would be as many as were sent. */
function repeats(layout: TableLayout, source: RowSource): string {
  return `select ${source.returning}
from ${source.ids}
where not exists (select from added a where a.id = ${namesOf(layout).id.value})`;
}

function columnList({ columns }: TableLayout): string {
  return columns.map(({ name }) => name).join(', ');
}

function valueList({ columns }: TableLayout): string {
  return columns.map(({ type }, index) => `s.c${index}::${type}`).join(', ');
}

interface Named {
  readonly name: string;
  readonly value: string;
}

function namesOf({ columns }: TableLayout): { readonly id: Named; readonly time: Named } {
  return { id: named(columns, 'id'), time: named(columns, 'timestamp') };
}

function named(columns: readonly TargetColumn[], field: EventField): Named {
  const index = columns.findIndex((column) => column.field === field);
  const column = columns[index];
  return { name: column?.name ?? '', value: `s.c${index}::${column?.type ?? 'text'}` };
}
