import { type Clock, type Timer, withTimeout } from '@ops/timeout/check';
import type { Settings } from '../options.ts';
import { isServerError } from './client.ts';
import { type Connector, lostConnection, openClient } from './connector.ts';
import { createSideConnection, type SideConnection } from './side-connection.ts';

/** What a query gives. `Row` is what its author knows about the columns. */
export interface Rows<Row> {
  readonly rows: readonly Row[];
}

/** Sends one statement, or several without values in one message. */
export type Query = <Row>(text: string, values?: unknown[]) => Promise<Rows<Row>>;

/** The connection that holds the lock and runs the migrations. */
export interface Session {
  /**
   * Rejects with the server's error, with a ConnectionError, or with the signal's reason. On abort
   * the running statement is cancelled, and this waits until it has ended.
   */
  readonly query: Query;
  /** As `query`, but goes on after an abort, for at most 5 s: for rolling back and unlocking. */
  readonly settle: Query;
  readonly side: SideConnection;
  /** The server process, once `prepareSession` has asked. */
  pid: number | undefined;
  /** Whether settings or locks may be left on it, so that a pool must not have it back. */
  isTouched: boolean;
  close(): Promise<void>;
}

const SETTLE_MS = 5_000;
/** How often a cancel request is repeated: the first may come before the statement has begun. */
const CANCEL_AGAIN_MS = 500;
const CANCEL_TRIES = 10;

export async function openSession(
  connector: Connector,
  settings: Pick<Settings, 'connectTimeoutMs' | 'clock'>,
  signal: AbortSignal | undefined,
): Promise<Session> {
  const open = await openClient(connector, settings, signal);
  const side = createSideConnection(connector, settings);
  const { clock } = settings;
  let isDestroyed = false;
  const destroy = async (): Promise<void> => {
    if (isDestroyed) return;
    isDestroyed = true;
    await open.close(true);
  };
  const send: Query = async <Row>(text: string, values?: unknown[]): Promise<Rows<Row>> => {
    try {
      return (await open.client.query(text, values)) as Rows<Row>;
    } catch (error) {
      throw isServerError(error) ? error : lostConnection(connector.label, error);
    }
  };
  const session: Session = {
    side,
    pid: undefined,
    isTouched: false,
    async query<Row>(text: string, values?: unknown[]): Promise<Rows<Row>> {
      signal?.throwIfAborted();
      const cancelling = cancelOnAbort(session, destroy, { signal, clock });
      try {
        return await send<Row>(text, values);
      } catch (error) {
        if (signal?.aborted === true) throw signal.reason;
        throw error;
      } finally {
        await cancelling.stop();
      }
    },
    async settle<Row>(text: string, values?: unknown[]): Promise<Rows<Row>> {
      try {
        return await withTimeout(() => send<Row>(text, values), SETTLE_MS, { clock });
      } catch (error) {
        if (!isServerError(error)) await destroy();
        throw error;
      }
    },
    async close() {
      await side.close();
      if (!isDestroyed) await open.close(session.isTouched);
    },
  };
  return session;
}

interface Cancelling {
  /** Call when the statement has ended. Afterwards no cancel request is under way. */
  stop(): Promise<void>;
}

/** On abort cancels what `session` runs, from the side; where that cannot be, cuts the connection. */
function cancelOnAbort(
  session: Session,
  destroy: () => Promise<void>,
  { signal, clock }: { readonly signal: AbortSignal | undefined; readonly clock: Clock },
): Cancelling {
  let isOver = false;
  let timer: Timer | undefined;
  let request = Promise.resolve();
  const cancel = async (triesLeft: number): Promise<void> => {
    try {
      if (session.pid === undefined || triesLeft === 0) throw new Error('Cannot be cancelled');
      await session.side.query('select pg_cancel_backend($1)', [session.pid]);
    } catch {
      if (!isOver) await destroy();
      return;
    }
    if (isOver) return;
    timer = clock.setTimeout(() => {
      request = cancel(triesLeft - 1);
    }, CANCEL_AGAIN_MS);
  };
  const onAbort = (): void => {
    request = cancel(CANCEL_TRIES);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  return {
    async stop() {
      isOver = true;
      signal?.removeEventListener('abort', onAbort);
      if (timer !== undefined) clock.clearTimeout(timer);
      await request;
    },
  };
}
