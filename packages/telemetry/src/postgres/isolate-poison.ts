import type { SinkOutcome } from '../ingest/sink.ts';
import type { InsertRows } from './insert-rows.ts';
import type { Row } from './rows.ts';
import { rowFaultState } from './server-error.ts';

/** One event of a write, with its place in the answer. */
export interface Pending {
  readonly index: number;
  readonly id: string;
  readonly row: Row;
  readonly isAtHome: boolean;
}

/**
 * Inserts all rows but the poisonous ones. When the server refuses a set for the fault of a row, the
 * two halves are tried apart, down to the single row; one bad row in 1,000 costs 20 statements more.
 * Calls `settle` for each event as soon as its fate is committed.
 *
 * Rejects with what is nobody's fault (connection, time limit, missing table); what has been settled
 * until then stays.
 */
export async function isolatePoison(
  pending: readonly Pending[],
  insert: InsertRows,
  settle: (index: number, outcome: SinkOutcome) => void,
): Promise<void> {
  if (pending.length === 0) return;
  let repeated: ReadonlySet<string>;
  try {
    repeated = await insert(pending.map(({ row }) => row));
  } catch (cause) {
    const sqlState = rowFaultState(cause);
    if (sqlState === undefined) throw cause;
    const [first] = pending;
    if (pending.length === 1 && first !== undefined) {
      // The message may name constraints and columns: it goes to the cause, not to the client.
      const details = `the table refuses this event (SQLSTATE ${sqlState})`;
      settle(first.index, { result: 'drop', details, cause });
      return;
    }
    const middle = Math.ceil(pending.length / 2);
    await isolatePoison(pending.slice(0, middle), insert, settle);
    await isolatePoison(pending.slice(middle), insert, settle);
    return;
  }
  // Of two in one statement the first was inserted.
  const seen = new Set(repeated);
  for (const { index, id } of pending) {
    settle(index, seen.has(id) ? { result: 'ok', duplicate: true } : { result: 'ok' });
    seen.add(id);
  }
}
