import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy that can stop passing on, as a network that drops packets does. */
export interface StallingProxy {
  readonly port: number;
  /** From now on nothing that the server says arrives. */
  stall(): void;
  /** Resolves when something was sent that will not be answered. */
  readonly swallowed: Promise<void>;
  close(): Promise<void>;
}

export async function stallingProxy(to: { host: string; port: number }): Promise<StallingProxy> {
  const sockets = new Set<Socket>();
  let isStalled = false;
  let swallow = (): void => {};
  const swallowed = new Promise<void>((resolve) => {
    swallow = resolve;
  });
  const server = createServer((client) => {
    const upstream = connect(to);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    client.on('data', (data) => upstream.write(data));
    upstream.on('data', (data) => {
      if (isStalled) swallow();
      else client.write(data);
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stall: () => {
      isStalled = true;
    },
    swallowed,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
