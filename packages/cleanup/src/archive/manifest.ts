import type { Query } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { ArchivedColumn } from './archived-column.ts';

/*
 * What archives hold, written in the transaction that deletes the rows. A piece that is not in here
 * was not committed, and does not count.
 */

/** The rows of one table in one batch. */
export interface ManifestEntry {
  readonly policy: string;
  /** Of the batch; unique in its run, and rising. */
  readonly seq: number;
  /** Of the table within the batch: parents come before their children. */
  readonly place: number;
  readonly kind: 'table' | 'file' | 'sink';
  /** Of a table, its name, quoted. */
  readonly uri: string;
  /** Where the rows came from, quoted, with its schema. */
  readonly table: string;
  readonly rowCount: number;
  /** Where the piece begins in what `uri` names. */
  readonly byteOffset: number;
  /** As stored; null for a table. */
  readonly byteCount: number | null;
  /** Of those bytes, in hexadecimal; null for a table. */
  readonly sha256: string | null;
  readonly columns: readonly ArchivedColumn[];
}

/** {@link ManifestEntry} as it was found. */
export interface StoredEntry extends ManifestEntry {
  /** Rows that restoring has brought back so far; null when it was never tried. */
  readonly restoredCount: number | null;
}

/** Writes down a batch; within its transaction. */
export async function writeManifest(
  query: Query,
  schema: string,
  runId: string,
  entries: readonly ManifestEntry[],
): Promise<void> {
  await query(
    `insert into ${quoteIdentifier(schema)}.manifest
       (run_id, policy, seq, kind, uri, table_name, place, row_count, byte_offset, byte_count, sha256, columns)
     select
       $1::uuid, e.policy, e.seq, e.kind, e.uri, e."table", e.place,
       e."rowCount", e."byteOffset", e."byteCount", e.sha256, e.columns
     from jsonb_to_recordset($2::jsonb) e (
       policy text, seq bigint, kind text, uri text, "table" text, place int,
       "rowCount" bigint, "byteOffset" bigint, "byteCount" bigint, sha256 text, columns jsonb
     )`,
    [runId, JSON.stringify(entries)],
  );
}

/** The number that the next batch of the run gets. */
export async function nextSeq(query: Query, schema: string, runId: string): Promise<number> {
  const [row] = await query(
    `select (coalesce(max(seq), 0) + 1)::text as seq
     from ${quoteIdentifier(schema)}.manifest
     where run_id = $1::uuid`,
    [runId],
  );
  return Number(row?.['seq']);
}

/** All that a run archived, the last batch first and parents before children. */
export async function readManifest(
  query: Query,
  schema: string,
  runId: string,
  policy: string | undefined,
): Promise<readonly StoredEntry[]> {
  const rows = await query(
    `select
       policy, seq::text as seq, place::text as place, kind, uri, table_name,
       row_count::text as row_count, byte_offset::text as byte_offset,
       byte_count::text as byte_count, sha256, columns::text as columns,
       restored_count::text as restored_count
     from ${quoteIdentifier(schema)}.manifest
     where run_id = $1::uuid
       and ($2::text is null or policy = $2::text)
     order by manifest.seq desc, policy, manifest.place`,
    [runId, policy ?? null],
  );
  return rows.map((row) => ({
    policy: row['policy'] ?? '',
    seq: Number(row['seq']),
    place: Number(row['place']),
    kind: row['kind'] as ManifestEntry['kind'],
    uri: row['uri'] ?? '',
    table: row['table_name'] ?? '',
    rowCount: Number(row['row_count']),
    byteOffset: Number(row['byte_offset']),
    byteCount: row['byte_count'] == null ? null : Number(row['byte_count']),
    sha256: row['sha256'] ?? null,
    columns: JSON.parse(row['columns'] ?? '[]') as readonly ArchivedColumn[],
    restoredCount: row['restored_count'] == null ? null : Number(row['restored_count']),
  }));
}

/** Locks a batch's entries against another restore, and says what was restored of each by now. */
export async function lockBatch(
  query: Query,
  schema: string,
  runId: string,
  { policy, seq }: Pick<ManifestEntry, 'policy' | 'seq'>,
): Promise<ReadonlyMap<string, number | null>> {
  const rows = await query(
    `select table_name, restored_count::text as restored_count
     from ${quoteIdentifier(schema)}.manifest
     where run_id = $1::uuid and policy = $2 and seq = $3::bigint
     for update`,
    [runId, policy, seq],
  );
  return new Map(
    rows.map((row) => [
      row['table_name'] ?? '',
      row['restored_count'] == null ? null : Number(row['restored_count']),
    ]),
  );
}

/** Adds up what was restored. */
export async function markRestored(
  query: Query,
  schema: string,
  runId: string,
  entry: Pick<ManifestEntry, 'policy' | 'seq' | 'table'> & { readonly restored: number },
): Promise<void> {
  await query(
    `update ${quoteIdentifier(schema)}.manifest
     set restored_count = coalesce(restored_count, 0) + $5::bigint,
       restored_at = clock_timestamp()
     where run_id = $1::uuid and policy = $2 and seq = $3::bigint and table_name = $4`,
    [runId, entry.policy, entry.seq, entry.table, entry.restored],
  );
}
