import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterEach } from 'vitest';

const open: (() => Promise<void>)[] = [];

/** A TCP server on a free port until the end of the test; its connections are kept for looking at. */
export async function tcpServer(
  onConnection: (socket: Socket) => void = () => {},
  host = '127.0.0.1',
): Promise<{ port: number; sockets: Set<Socket> }> {
  return listen(createServer(onConnection), host);
}

/** The same with TLS. */
export async function tlsServer(
  options: TlsOptions,
): Promise<{ port: number; sockets: Set<Socket> }> {
  const server = createTlsServer(options);
  // A client that does not trust the certificate breaks off.
  server.on('tlsClientError', () => {});
  return listen(server, '127.0.0.1');
}

async function listen(
  server: Server,
  host: string,
): Promise<{ port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  open.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}

/** Call at the top of the test file. */
export function closeTcpServersAfterEach(): void {
  afterEach(closeTcpServers);
}

export async function closeTcpServers(): Promise<void> {
  await Promise.all(open.splice(0).map((close) => close()));
}
