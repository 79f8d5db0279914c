import type { Query } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';
import { jsonRows, type PieceLines } from './archive-reader.ts';
import { RUN_COLUMN, SEQ_COLUMN } from './archive-table.ts';
import { TEXT_SETTINGS, textValue } from './column-text.ts';
import type { StoredEntry } from './manifest.ts';
import type { RestoreTarget } from './restore-target.ts';

/** What became of the rows of one entry. */
export interface RestoredRows {
  readonly restored: number;
  /** Rows that were in the archive now; the others were restored before, or are gone from it. */
  readonly found: number;
}

/** One statement's worth. Beyond it nothing is gained, and a text grows. */
const STATEMENT_MAX = { rows: 1_000, bytes: 4_000_000 };

/** Inserts the rows of a piece; one that is there already stays as it is. */
export async function insertRows(
  query: Query,
  piece: PieceLines,
  { sql, columns }: RestoreTarget,
): Promise<RestoredRows> {
  const given = columns.flatMap((column, index) => (column ? [{ column, index }] : []));
  const names = given.map(({ column }) => quoteIdentifier(column.name));
  const texts = given.map(({ column, index }) =>
    textValue(`ops_cleanup_row.texts ->> ${index}`, column),
  );
  const text = `with ops_cleanup_back as (
  insert into ${sql} (${names.join(', ')})
  overriding system value
  select ${texts.join(', ')}
  from jsonb_array_elements($1::jsonb) ops_cleanup_row (texts)
  on conflict do nothing
  returning 1
)
select count(*)::text as restored
from ops_cleanup_back`;
  await query(TEXT_SETTINGS);
  let restored = 0;
  for (const rows of jsonRows(piece, STATEMENT_MAX)) {
    const [row] = await query(text, [rows]);
    restored += Number(row?.['restored']);
  }
  return { restored, found: piece.rowCount };
}

/**
 * Moves rows from an archive table back. A row whose key is there already stays in the archive: it
 * may be another version. Without a primary key such a row is an error.
 */
export async function moveRows(
  query: Query,
  runId: string,
  entry: StoredEntry,
  { sql, columns, key }: RestoreTarget,
): Promise<RestoredRows> {
  const names = columns.flatMap((column) => (column ? [quoteIdentifier(column.name)] : []));
  const keys = key.map(quoteIdentifier);
  const isKeyed = keys.length > 0;
  const matches = keys.map((name) => `ops_cleanup_row.${name} = ops_cleanup_back.${name}`);
  // The planner may know nothing of a new archive.
  await query('set local enable_seqscan = off');
  const [row] = await query(
    `with ops_cleanup_rows as materialized (
  select tableoid as ops_cleanup_table, ctid as ops_cleanup_ctid, ${names.join(', ')}
  from ${entry.uri}
  where ${RUN_COLUMN} = $1::uuid
    and ${SEQ_COLUMN} = $2::bigint
  for update
), ops_cleanup_back as (
  insert into ${sql} (${names.join(', ')})
  overriding system value
  select ${names.join(', ')}
  from ops_cleanup_rows${isKeyed ? '\n  on conflict do nothing' : ''}
  returning ${isKeyed ? keys.join(', ') : '1'}
), ops_cleanup_moved as (
  delete from ${entry.uri} ops_cleanup_archive
  using ops_cleanup_rows ops_cleanup_row${isKeyed ? ', ops_cleanup_back' : ''}
  where ops_cleanup_archive.tableoid = ops_cleanup_row.ops_cleanup_table
    and ops_cleanup_archive.ctid = ops_cleanup_row.ops_cleanup_ctid
    ${isKeyed ? `and ${matches.join(' and ')}` : ''}
  returning 1
)
select
  (select count(*) from ops_cleanup_rows)::text as found,
  (select count(*) from ops_cleanup_back)::text as restored,
  (select count(*) from ops_cleanup_moved)::text as moved`,
    [runId, entry.seq],
  );
  const counts = { found: Number(row?.['found']), restored: Number(row?.['restored']) };
  if (Number(row?.['moved']) === counts.restored) return counts;
  throw new Error(
    `${counts.restored} rows went back to ${sql}, and ${row?.['moved']} left ${entry.uri}; look for a trigger that changes keys or keeps rows`,
  );
}
