import type { Action, ActionContext, PickedRows } from '../batch/action.ts';
import type { TextRow } from '../database.ts';
import type { Statement } from '../statement.ts';
import { type ArchiveTable, insertInto } from './archive-table.ts';
import { archivedColumn } from './archived-column.ts';
import { ArchiveWriteError } from './errors.ts';
import { goneRows, lockStatements } from './gone-rows.ts';
import { writeManifest } from './manifest.ts';

/** Moves rows to their archives. `archives` are in the order of the tables. */
export function createTableAction(
  context: ActionContext,
  archives: readonly ArchiveTable[],
  firstSeq: number,
): Action {
  const { leaf, runId } = context;
  const tables = archives.map(({ from }) => from);
  let seq = firstSeq;
  let counts = archives.map(() => 0);
  const statement = (rows: PickedRows): Statement => {
    const values: unknown[] = [];
    const { parts, rowsOf } = goneRows(tables, leaf, rows, values);
    const kept = archives.map((archive, place) =>
      // While planning, a table that the run is going to make cannot be named.
      archive.found
        ? `ops_cleanup_kept_${place} as (
  ${insertInto(archive, rowsOf(place), { runId, seq }, values)}
)`
        : `ops_cleanup_kept_${place} as (
  -- insert into ${archive.sql.replaceAll(/\s/g, ' ')}
  select from ${rowsOf(place)} ops_cleanup_row
)`,
    );
    const sums = archives.flatMap((_, place) => [
      `(select count(*) from ${rowsOf(place)} ops_cleanup_row)::text as gone_${place}`,
      `(select count(*) from ops_cleanup_kept_${place})::text as kept_${place}`,
    ]);
    return {
      text: `with ${[...parts, ...kept].join(',\n')}\nselect\n  ${sums.join(',\n  ')}`,
      values,
    };
  };
  return {
    kind: 'archive-table',
    statement,
    async act(query, rows) {
      for (const lock of lockStatements(tables, leaf, rows)) await query(lock.text, lock.values);
      const { text, values } = statement(rows);
      const [row] = await query(text, values);
      // Now rather than at COMMIT: what is counted must not be taken back by a deferred constraint.
      await query('set constraints all immediate');
      const kept = archives.map((archive, place) => keptRows(archive, place, row));
      counts = counts.map((count, place) => count + (kept[place] ?? 0));
      return { count: kept[0] ?? 0, archived: kept.reduce((sum, count) => sum + count, 0) };
    },
    async beforeCommit(query) {
      const entries = archives.map(({ sql, from }, place) => ({
        policy: context.policy,
        seq,
        place,
        kind: 'table' as const,
        uri: sql,
        table: from.sql,
        rowCount: counts[place] ?? 0,
        byteOffset: 0,
        byteCount: null,
        sha256: null,
        columns: from.columns.map(archivedColumn),
      }));
      const written = entries.filter(({ rowCount }) => rowCount > 0);
      await writeManifest(query, context.historySchema, runId ?? '', written);
    },
    afterBatch(fate) {
      counts = archives.map(() => 0);
      if (fate !== 'rolled-back') seq += 1;
      return Promise.resolve();
    },
  };
}

/** Every row that is gone must be there: a trigger of the archive may have kept one out. */
function keptRows({ sql }: ArchiveTable, place: number, row: TextRow | undefined): number {
  const gone = Number(row?.[`gone_${place}`]);
  const kept = Number(row?.[`kept_${place}`]);
  if (gone === kept) return kept;
  throw new ArchiveWriteError(
    sql,
    `it took ${kept} of ${gone} rows; look for a trigger or rule on it that leaves rows out`,
  );
}
