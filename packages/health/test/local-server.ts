import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';

const open: (() => Promise<void>)[] = [];

/**
 * A real HTTP server on a free port until the end of the test. Real rather than faked because what
 * becomes of the connection is half of what is tested.
 */
export async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Call at the top of the test file. */
export function closeServersAfterEach(): void {
  afterEach(closeServers);
}

export async function closeServers(): Promise<void> {
  await Promise.all(open.splice(0).map((close) => close()));
}
