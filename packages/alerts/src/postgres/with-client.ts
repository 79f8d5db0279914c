import type { SqlClient, SqlPool } from './database.ts';
import { serverErrorState } from './server-error.ts';

/**
 * Lends a connection to `work`. When `signal` is aborted the connection is closed, which ends the
 * statement under way for us, if not for the server; one that the pool hands out only later goes
 * straight back. A connection whose work failed with anything but an error of the server is closed
 * too, since nobody knows what state it is in.
 */
export async function withClient<T>(
  pool: SqlPool,
  signal: AbortSignal,
  work: (client: SqlClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  if (signal.aborted) {
    client.release();
    throw signal.reason;
  }
  const ignore = (): void => {};
  let isReleased = false;
  const release = (destroy: boolean): void => {
    if (isReleased) return;
    isReleased = true;
    signal.removeEventListener('abort', abort);
    client.release(destroy);
    if (!destroy) client.removeListener?.('error', ignore);
  };
  const abort = (): void => {
    release(true);
  };
  client.on?.('error', ignore);
  signal.addEventListener('abort', abort, { once: true });
  try {
    const result = await work(client);
    release(false);
    return result;
  } catch (error) {
    release(serverErrorState(error) === undefined);
    throw error;
  }
}
