import { isConnectionLoss } from './postgres-error.ts';
import { destroyClient, type PostgresClient } from './postgres-pool.ts';

/** One connection of our own: opened when first needed, kept, and opened anew after a fault. */
export interface DedicatedConnection {
  /**
   * Runs `text`. A kept connection that turns out to be dead is replaced and `text` is sent once
   * more, so it must be harmless when run twice. On abort, and after any fault, the connection is
   * destroyed.
   */
  query(text: string, signal: AbortSignal): Promise<unknown>;
  /** Ends the connection at once, whatever it is doing; what waits for it rejects. */
  destroy(): void;
  /** Says goodbye to the server and waits for the end. Nothing is opened after it. */
  close(): Promise<void>;
}

export function createDedicatedConnection(makeClient: () => PostgresClient): DedicatedConnection {
  let client: PostgresClient | undefined;
  let isClosed = false;

  async function open(): Promise<PostgresClient> {
    if (isClosed) throw new Error('The check was closed');
    const opened = makeClient();
    client = opened;
    const forget = (): void => {
      if (client === opened) client = undefined;
    };
    // Without a listener the error of an idle connection would end the process.
    opened.on('error', forget);
    opened.on('end', forget);
    await opened.connect();
    return opened;
  }

  async function send(on: PostgresClient, text: string): Promise<unknown> {
    on.ref?.();
    const result = await on.query(text);
    // It is kept for the next time, which must not keep the process alive.
    on.unref?.();
    return result;
  }

  async function sendOnLiving(text: string, signal: AbortSignal): Promise<unknown> {
    const kept = client;
    if (kept === undefined) return send(await open(), text);
    try {
      return await send(kept, text);
    } catch (error) {
      if (signal.aborted || !isConnectionLoss(error)) throw error;
      destroy();
      return send(await open(), text);
    }
  }

  function destroy(): void {
    const destroyed = client;
    client = undefined;
    if (destroyed !== undefined) destroyClient(destroyed);
  }

  return {
    query: async (text, signal) => {
      signal.addEventListener('abort', destroy, { once: true });
      try {
        return await sendOnLiving(text, signal);
      } catch (error) {
        destroy();
        throw error;
      } finally {
        signal.removeEventListener('abort', destroy);
      }
    },
    destroy,
    close: async () => {
      isClosed = true;
      const closed = client;
      client = undefined;
      // Somebody waits for this, so the process has to live until it is done.
      closed?.ref?.();
      await closed?.end();
    },
  };
}
