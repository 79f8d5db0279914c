import { isReadOnlyServer, serverErrorState } from './server-error.ts';

/** Any connection of a pool. */
interface Client {
  release(destroy?: Error | boolean): void;
  on?(event: 'error', listener: (error: Error) => void): unknown;
  removeListener?(event: 'error', listener: (error: Error) => void): unknown;
}

/**
 * Lends a connection to `work`. When `signal` is aborted the connection is closed, which ends the
 * statement under way for us, if not for the server; one that the pool hands out only later goes
 * straight back. A connection whose work failed with anything but an error of the server is closed
 * too, since nobody knows what state it is in; and so is one to a server that takes no writes.
 */
export async function withClient<C extends Client, T>(
  pool: { connect(): Promise<C> },
  signal: AbortSignal,
  work: (client: C) => Promise<T>,
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
    release(serverErrorState(error) === undefined || isReadOnlyServer(error));
    throw error;
  }
}
