import type { Socket } from 'node:net';

/**
 * Waits until a socket is open. When it fails or the signal is aborted the socket is destroyed;
 * otherwise it is the caller's, and an error that it has later is not an uncaught one.
 */
export function openSocket<TSocket extends Socket>(
  open: () => TSocket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<TSocket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = open();
    const fail = (error: unknown): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      reject(error);
    };
    const abort = (): void => {
      fail(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    // Stays: of a host with several addresses, or after a reset, errors may follow the first.
    socket.on('error', fail);
    socket.once('close', () => {
      fail(Object.assign(new Error('closed before it was open'), { code: 'ECONNRESET' }));
    });
    socket.once(event, () => {
      signal.removeEventListener('abort', abort);
      resolve(socket);
    });
  });
}
