import { lockStatement } from '../advisory-lock.ts';
import type { CopyClient } from '../database.ts';
import { homeStatement, movedStatement, plainStatement } from '../insert-statement.ts';
import type { Row } from '../rows.ts';
import { rowFaultState } from '../server-error.ts';
import type { TableLayout } from '../table-layout.ts';
import { inTransaction, serverLimitMs } from '../transaction.ts';
import { stage, stagedSource } from './staging.ts';

/** One event to store. */
export interface ReplayRow {
  readonly line: number;
  readonly id: string;
  readonly row: Row;
  readonly isAtHome: boolean;
}

/** A row that the table refuses. */
interface RefusedRow {
  readonly line: number;
  readonly sqlState: string;
  readonly cause: unknown;
}

/** What became of a chunk: the rest of its rows were inserted. */
export interface ChunkOutcome {
  readonly duplicates: number;
  readonly refused: readonly RefusedRow[];
}

/**
 * Stores rows in one transaction, through a temporary table. Rows that the table refuses are found
 * by halving, between savepoints, and left out.
 *
 * Locks as for the sink; with one row that is not at home the whole chunk inserts under the
 * exclusive lock, which is taken after the copying.
 */
export async function storeChunk(
  client: CopyClient,
  layout: TableLayout,
  rows: readonly ReplayRow[],
  remainingMs: () => number,
): Promise<ChunkOutcome> {
  // By id, as the sink does: who shares ids with others waits for them in one order.
  const ordered = rows.toSorted((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)));
  return inTransaction(client, { statementMs: serverLimitMs(remainingMs()) }, async () => {
    await stage(client, layout, ordered);
    const isAllAtHome = ordered.every(({ isAtHome }) => isAtHome);
    if (layout.moved !== undefined) {
      await client.query(lockStatement('insert', layout.oid, isAllAtHome ? 'shared' : 'exclusive'));
    }
    const halving = createHalving(client, ordered);
    for (const part of partsOf(layout, isAllAtHome)) {
      await halving.insert(part, 0, ordered.length - 1);
    }
    return halving.outcome();
  });
}

/** The rows that one statement inserts. */
interface Part {
  readonly statement: string;
  readonly isAtHome: boolean;
}

function partsOf(layout: TableLayout, isAllAtHome: boolean): readonly Part[] {
  const { moved } = layout;
  const source = stagedSource(true);
  if (moved === undefined) return [{ statement: plainStatement(layout, source), isAtHome: true }];
  const home = { statement: homeStatement(layout, moved, source), isAtHome: true };
  if (isAllAtHome) return [home];
  // Those at home come first: the others look for them everywhere.
  const statement = movedStatement(layout, moved, stagedSource(false));
  return [home, { statement, isAtHome: false }];
}

interface Halving {
  /** The rows of these places, both included. */
  insert(part: Part, from: number, to: number): Promise<void>;
  outcome(): ChunkOutcome;
}

function createHalving(client: CopyClient, ordered: readonly ReplayRow[]): Halving {
  const refused: RefusedRow[] = [];
  let duplicates = 0;
  const insert = async (part: Part, from: number, to: number): Promise<void> => {
    await client.query('savepoint ops_telemetry');
    try {
      const { rows } = await client.query(part.statement, [from, to]);
      await client.query('release savepoint ops_telemetry');
      const found = new Set((rows as readonly { readonly n: number }[]).map(({ n }) => n));
      duplicates += found.size + repeatsWithin(ordered, found, { ...part, from, to });
    } catch (cause) {
      const sqlState = rowFaultState(cause);
      if (sqlState === undefined) throw cause;
      await client.query('rollback to savepoint ops_telemetry; release savepoint ops_telemetry');
      if (from === to) {
        refused.push({ line: ordered[from]?.line ?? 0, sqlState, cause });
        return;
      }
      const middle = Math.floor((from + to) / 2);
      await insert(part, from, middle);
      await insert(part, middle + 1, to);
    }
  };
  return { insert, outcome: () => ({ duplicates, refused }) };
}

/** Rows of one statement whose id was inserted by the row before them, which are not in `found`. */
function repeatsWithin(
  ordered: readonly ReplayRow[],
  found: ReadonlySet<number>,
  { isAtHome, from, to }: Pick<Part, 'isAtHome'> & { readonly from: number; readonly to: number },
): number {
  let repeats = 0;
  let inserted: string | undefined;
  for (let n = from; n <= to; n += 1) {
    const row = ordered[n];
    if (row === undefined || row.isAtHome !== isAtHome || found.has(n)) continue;
    if (row.id === inserted) repeats += 1;
    inserted = row.id;
  }
  return repeats;
}
