import { type CommitUnansweredError, type Database, inTransaction } from '../database.ts';
import { pause } from '../pace.ts';
import type { CommittedBatch } from './run-batch.ts';

/** The connection was lost while a batch was committed. `fate`: what the server said of it afterwards. */
export class CommitLostError extends Error {
  readonly fate: 'committed' | 'aborted' | 'unknown';
  readonly batch: CommittedBatch;

  constructor(fate: CommitLostError['fate'], batch: CommittedBatch, cause: unknown) {
    super(
      `The connection was lost while a batch of ${batch.result.count} rows was committed (${fate === 'unknown' ? 'the server could not be asked whether it was' : `it was ${fate}`})`,
      { cause },
    );
    this.fate = fate;
    this.batch = batch;
  }
}

const LIMITS = { lockTimeoutMs: 1_000, statementTimeoutMs: 5_000, access: 'read only' } as const;
/** How often and how long apart to ask after a transaction that the server still has open. */
const ASK_TIMES = 10;
const ASK_PAUSE_MS = 200;

/** What to throw when COMMIT got no answer: asks the server, on another connection, what became of it. */
export async function lostCommit(
  database: Database,
  lost: CommitUnansweredError<unknown>,
): Promise<CommitLostError> {
  const batch = lost.result as CommittedBatch;
  let fate: CommitLostError['fate'] = 'unknown';
  try {
    for (let time = 0; time < ASK_TIMES && fate === 'unknown'; time += 1) {
      if (time > 0) await pause(ASK_PAUSE_MS, database.clock, undefined);
      const [row] = await inTransaction({ ...database, signal: undefined }, LIMITS, (query) =>
        query('select pg_xact_status($1::xid8) as fate', [batch.transactionId]),
      );
      if (row?.['fate'] === 'committed' || row?.['fate'] === 'aborted') fate = row['fate'];
    }
  } catch {
    // Still unknown; the cause that is reported is the loss itself.
  }
  return new CommitLostError(fate, batch, lost.cause);
}
