import { TimeoutError, withTimeout } from '@ops/timeout';
import type { Action, ActionContext, PickedRows } from '../batch/action.ts';
import type { Statement } from '../statement.ts';
import { archivedColumn } from './archived-column.ts';
import type { ArchivedTable } from './archived-table.ts';
import { columnText, TEXT_SETTINGS } from './column-text.ts';
import { ArchiveWriteError } from './errors.ts';
import { goneRows, lockStatements } from './gone-rows.ts';
import { type ManifestEntry, writeManifest } from './manifest.ts';
import { type ArchiveFormat, encodePiece } from './piece.ts';
import type { PieceStore } from './sink.ts';

/** What rows are written with. */
export interface PieceSettings {
  readonly kind: 'file' | 'sink';
  readonly format: ArchiveFormat;
  /** For storing one batch, compressing included. */
  readonly timeoutMs: number;
}

/**
 * Rows that the server puts into one text, so that the driver has fewer values to take apart. More
 * gain nothing (measured).
 */
const ROWS_A_TEXT = 100;

/**
 * Deletes rows and keeps them in memory; stores them before COMMIT. So what is stored and not in the
 * manifest is garbage, and what is in the manifest is stored. Memory: one batch.
 */
export function createPieceAction(
  context: ActionContext,
  tables: readonly ArchivedTable[],
  store: PieceStore,
  settings: PieceSettings & { readonly firstSeq: number },
): Action {
  const { leaf, runId = '', policy, database } = context;
  let seq = settings.firstSeq;
  let pending = emptyRows(tables);

  const storePending = async (signal: AbortSignal): Promise<readonly ManifestEntry[]> => {
    const filled = pending.filter(({ rowCount }) => rowCount > 0);
    const pieces = await Promise.all(
      filled.map(async ({ from, lines, rowCount }) => {
        const columns = from.columns.map(archivedColumn);
        const rows = { runId, policy, seq, table: from.sql, columns, rowCount, lines };
        return { place: from.place, piece: await encodePiece(rows, settings.format) };
      }),
    );
    const stored = await store.store(
      pieces.map(({ piece }) => piece),
      signal,
    );
    return pieces.map(({ place, piece }, index) => ({
      policy,
      seq,
      place,
      kind: settings.kind,
      uri: stored[index]?.uri ?? '',
      table: piece.table,
      rowCount: piece.rowCount,
      byteOffset: stored[index]?.byteOffset ?? 0,
      byteCount: piece.bytes.length,
      sha256: piece.sha256,
      columns: piece.columns,
    }));
  };

  return {
    kind: 'archive-files',
    statement: (rows) => takeStatement(tables, context, rows),
    async act(query, rows) {
      await query(TEXT_SETTINGS);
      for (const lock of lockStatements(tables, leaf, rows)) await query(lock.text, lock.values);
      const { text, values } = takeStatement(tables, context, rows);
      const taken = await query(text, values);
      // Now rather than at COMMIT: what is kept here must not be taken back by a deferred constraint.
      await query('set constraints all immediate');
      let bytes = 0;
      const counts = tables.map(() => 0);
      for (const row of taken) {
        const place = Number(row['place']);
        const lines = row['lines'] ?? '';
        const count = Number(row['count']);
        const rowsOfPlace = pending[place];
        if (!rowsOfPlace) throw new TypeError(`No table at place ${place}`);
        rowsOfPlace.lines.push(lines);
        rowsOfPlace.rowCount += count;
        counts[place] = (counts[place] ?? 0) + count;
        bytes += lines.length;
      }
      return { count: counts[0] ?? 0, archived: counts.reduce((a, b) => a + b, 0), bytes };
    },
    async beforeCommit(query) {
      const { timeoutMs } = settings;
      const { clock } = database;
      let entries: readonly ManifestEntry[];
      try {
        entries = await withTimeout(({ signal }) => storePending(signal), timeoutMs, { clock });
      } catch (cause) {
        throw new ArchiveWriteError(store.place, problemOf(cause, timeoutMs), { cause });
      }
      await writeManifest(query, context.historySchema, runId, entries);
    },
    async afterBatch(fate) {
      pending = emptyRows(tables);
      if (fate !== 'rolled-back') seq += 1;
      await store.settle(fate);
    },
    close: () => withTimeout(() => store.close(), settings.timeoutMs, { clock: database.clock }),
  };
}

interface PendingRows {
  readonly from: ArchivedTable;
  readonly lines: string[];
  rowCount: number;
}

function emptyRows(tables: readonly ArchivedTable[]): PendingRows[] {
  return tables.map((from) => ({ from, lines: [], rowCount: 0 }));
}

function takeStatement(
  tables: readonly ArchivedTable[],
  { leaf }: ActionContext,
  rows: PickedRows,
): Statement {
  const values: unknown[] = [];
  const { parts, rowsOf } = goneRows(tables, leaf, rows, values);
  const lines = tables.map(({ place, columns }) => {
    const texts = columns.map((column) => columnText('ops_cleanup_row', column));
    return `select
  '${place}' as place,
  string_agg(line, e'\\n') as lines,
  count(*)::text as count
from (
  select
    array_to_json(array[${texts.join(', ')}]::text[])::text as line,
    (row_number() over () - 1) / ${ROWS_A_TEXT} as text_number
  from ${rowsOf(place)} ops_cleanup_row
) ops_cleanup_lines
group by text_number`;
  });
  return { text: `with ${parts.join(',\n')}\n${lines.join('\nunion all\n')}`, values };
}

function problemOf(cause: unknown, timeoutMs: number): string {
  if (cause instanceof TimeoutError) {
    return `it did not answer within ${timeoutMs} ms; the rows stay, see the option timeout`;
  }
  if (!(cause instanceof Error)) return String(cause);
  const isFull = (cause as { code?: unknown }).code === 'ENOSPC';
  return isFull ? `the disk is full (${cause.message})` : cause.message;
}
