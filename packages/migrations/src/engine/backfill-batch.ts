import type { BackfillSpec } from '../code/backfill.ts';
import type { BackfillTable } from './backfill-table.ts';

/** Where a backfill has got to. */
export interface Cursor {
  /** The key of the last row of the last batch, as text. Undefined before the first. */
  readonly at: readonly string[] | undefined;
  /** Changed so far, in all runs. */
  readonly rows: number;
  readonly batches: number;
}

/** What a batch gives: counts, and the key of its last row in `key_1`, `key_2` and so on. */
export type BatchRow = Readonly<Record<string, string | null>> & {
  readonly found: string;
  readonly changed: string;
  /** Those of `changed` whose key is another now. */
  readonly moved: string;
};

/**
 * Changes the next rows behind the cursor. The condition stands in both places: the first finds rows,
 * the second looks again at rows that somebody else changes at this moment.
 *
 * Takes ROW EXCLUSIVE on the table and locks on the rows, until the transaction ends.
 *
 * @param hasCursor whether the values behind `$1`, the number of rows, are the cursor's.
 */
export function batchSql(
  { table, set, where }: BackfillSpec,
  { keys }: BackfillTable,
  hasCursor: boolean,
): string {
  const names = keys.map(({ name }) => name);
  const columns = keys.map((_, at) => `ops_key_${at + 1}`);
  const cursor = keys.map(({ type }, at) => `$${at + 2}::text::${type}`);
  const isBehind = hasCursor ? `(${names.join(', ')}) > (${cursor.join(', ')})` : 'true';
  // The line end closes a comment at the end of the condition.
  const isWanted = where === undefined ? 'true' : `(${where}\n)`;
  const isSame = names.map((name, at) => `${name} = ${columns[at]}`);
  const last = keys.map(
    ({ isTime }, at) =>
      `${isTime ? `to_jsonb(${columns[at]}) #>> '{}'` : `${columns[at]}::text`} as key_${at + 1}`,
  );
  return `
    with ops_batch as materialized (
      select ${names.map((name, at) => `${name} as ${columns[at]}`).join(', ')}
      from ${table}
      where ${isBehind}
        and ${isWanted}
      order by ${names.join(', ')}
      limit $1::text::bigint
    ), ops_changed as (
      update ${table}
      set ${set}
      from ops_batch
      where ${isSame.join(' and ')}
        and ${isWanted}
      returning (${names.join(', ')}) is distinct from (${columns.join(', ')}) as is_moved
    )
    select found.n as found, changed.n as changed, changed.moved, last.*
    from (select count(*)::text as n from ops_batch) found
    cross join (
      select count(*)::text as n, (count(*) filter (where is_moved))::text as moved from ops_changed
    ) changed
    left join lateral (
      select ${last.join(', ')}
      from ops_batch
      order by ${columns.map((column) => `ops_batch.${column} desc`).join(', ')}
      limit 1
    ) last on true`;
}

/** The cursor behind a batch. */
export function advance(cursor: Cursor, row: BatchRow, { keys }: BackfillTable): Cursor {
  const at = keys.map((_, index) => row[`key_${index + 1}`]);
  return {
    at: Number(row.found) === 0 ? cursor.at : at.map(String),
    rows: cursor.rows + Number(row.changed),
    batches: cursor.batches + 1,
  };
}

/** As the history keeps it. */
export function writeCursor(cursor: Cursor, { table, key }: BackfillSpec): string {
  return JSON.stringify({ table, key, ...cursor });
}

/** From the beginning when nothing is kept, or when that was another table or key. */
export function readCursor(position: string | undefined, { table, key }: BackfillSpec): Cursor {
  const start: Cursor = { at: undefined, rows: 0, batches: 0 };
  if (position === undefined) return start;
  const kept = JSON.parse(position) as Cursor & Pick<BackfillSpec, 'table' | 'key'>;
  if (kept.table !== table || kept.key.join('\0') !== key.join('\0')) return start;
  return { at: kept.at, rows: kept.rows, batches: kept.batches };
}
