import { TLSSocket } from 'node:tls';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll } from 'vitest';

const server = setupServer();

/** Call at the top of the test file: no request gets out of this process. */
export function fakeThirdParties(): void {
  beforeAll(() => server.listen({ onUnhandledFrame: 'error' }));
  afterEach(async () => {
    server.resetHandlers();
    await closeDestroyedSockets();
  });
  afterAll(() => server.close());
}

export function answers(...handlers: Parameters<typeof server.use>): void {
  server.use(...handlers);
}

/**
 * msw leaves the handles of TLS sockets that were destroyed open, which the tripwire takes for
 * sockets. Only destroyed ones: one that a check left open is still found.
 */
async function closeDestroyedSockets(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  const handles: unknown[] = Reflect.apply(Reflect.get(process, '_getActiveHandles'), process, []);
  for (const socket of handles) {
    if (!(socket instanceof TLSSocket && socket.destroyed)) continue;
    (Reflect.get(socket, '_handle') as { close(): void } | null)?.close();
  }
}
