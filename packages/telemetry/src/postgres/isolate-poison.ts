import type { SinkOutcome } from '../ingest/sink.ts';
import type { InsertRows } from './insert-rows.ts';
import type { Row } from './rows.ts';
import { serverErrorState } from './server-error.ts';

/** One event of a write, with its place in the answer. */
export interface Pending {
  readonly index: number;
  readonly row: Row;
}

/**
 * SQLSTATEs that are the fault of a row and come again however often it is tried: class 22, data
 * exception; class 23, constraint violation; class 54, program limit exceeded (JSON nested too deep
 * for the server's stack); P0001, `raise exception` in a trigger that checks rows.
 */
const ROW_FAULT = /^(?:22|23|54|P0001$)/;

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
  try {
    await insert(pending.map(({ row }) => row));
  } catch (cause) {
    const sqlState = serverErrorState(cause);
    if (sqlState === undefined || !ROW_FAULT.test(sqlState)) throw cause;
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
  for (const { index } of pending) settle(index, { result: 'ok' });
}
