import { randomUUID } from 'node:crypto';
import { type Clock, type Timer, withTimeout } from '@ops/timeout';
import { acquire, type CleanupClient, type Database, isServerError } from '../database.ts';

/** On top of the limit: the server should have answered the cancel, so the connection is dead. */
const ANSWER_GRACE_MS = 10_000;
const CANCEL_AGAIN_MS = 1_000;

/**
 * `alter table … detach partition … concurrently`, which blocks neither readers nor writers, but
 * waits for every transaction that has used the table. The server refuses it inside a transaction,
 * so its limits cannot be local to one; and settings of the session would stay with whichever
 * connection a transaction pooler took. So the limit is kept from outside: a second connection,
 * taken beforehand, cancels the statement, which it knows by a comment in it. No setting is made, so
 * there is none to be reset.
 *
 * Rejects with SQLSTATE 57014 when `limitMs` passed or the signal was aborted. The partition is then
 * where it was, or between the two phases.
 */
export async function detachConcurrently(
  database: Database,
  partition: { readonly parent: string; readonly table: string },
  limitMs: number,
): Promise<void> {
  const { clock, signal } = database;
  const tag = `ops_cleanup ${randomUUID()}`;
  await withClient(acquire(database), (guard) =>
    withClient(second(database), async (client) => {
      const canceller = createCanceller(clock, guard, tag);
      const timer: Timer = clock.setTimeout(canceller.start, limitMs);
      signal?.addEventListener('abort', canceller.start, { once: true });
      try {
        signal?.throwIfAborted();
        const text = `/* ${tag} */ alter table ${partition.parent} detach partition ${partition.table} concurrently`;
        await withTimeout(() => client.query(text), limitMs + 2 * ANSWER_GRACE_MS, { clock });
      } finally {
        clock.clearTimeout(timer);
        signal?.removeEventListener('abort', canceller.start);
        await canceller.stop();
      }
    }),
  );
}

/** Cancels the statement of a tag, again and again until stopped: it may not have begun yet. */
function createCanceller(
  clock: Clock,
  guard: CleanupClient,
  tag: string,
): { readonly start: () => void; readonly stop: () => Promise<void> } {
  let timer: Timer | undefined;
  let isOver = false;
  let running: Promise<void> | undefined;
  const cancel = async (): Promise<void> => {
    try {
      await withTimeout(() => cancelStatement(guard, tag), ANSWER_GRACE_MS, { clock });
    } catch {
      // The statement's own answer decides.
    }
    running = undefined;
    if (!isOver) timer = clock.setTimeout(start, CANCEL_AGAIN_MS);
  };
  const start = (): void => {
    running ??= cancel();
  };
  return {
    start,
    /** Waits for a cancel that is on its way, or it could meet the next statement of the connection. */
    async stop() {
      isOver = true;
      if (timer !== undefined) clock.clearTimeout(timer);
      await running;
    },
  };
}

async function second(database: Database): Promise<CleanupClient> {
  try {
    return await acquire(database);
  } catch (error) {
    if (database.signal?.aborted === true) throw error;
    throw new Error(
      'Detaching a partition takes two connections at a time, and the second did not come; give the pool a max of 2 or more',
      { cause: error },
    );
  }
}

async function cancelStatement(guard: CleanupClient, tag: string): Promise<void> {
  await guard.query(
    `select pg_cancel_backend(pid)
     from pg_stat_activity
     where datname = current_database()
       and state = 'active'
       and pid <> pg_backend_pid()
       and starts_with(query, $1)`,
    [`/* ${tag} */`],
  );
}

/** A connection that fails otherwise than by the server's verdict is closed. */
async function withClient(
  connecting: Promise<CleanupClient>,
  work: (client: CleanupClient) => Promise<void>,
): Promise<void> {
  const client = await connecting;
  const onError = (): void => {}; // The failed query reports it; without a listener it would be thrown.
  client.on?.('error', onError);
  let isClean = false;
  try {
    await work(client);
    isClean = true;
  } catch (error) {
    isClean = isServerError(error);
    throw error;
  } finally {
    client.removeListener?.('error', onError);
    client.release(!isClean);
  }
}
