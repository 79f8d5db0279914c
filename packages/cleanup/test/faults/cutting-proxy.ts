import { connect, createServer, type Socket } from 'node:net';

/** Stands between a cleanup and its server, and cuts connections. */
export interface CuttingProxy extends AsyncDisposable {
  readonly url: string;
  /** All that are open, at once. */
  cut(): void;
  /** The next connection that sends COMMIT: the server gets it, and the answer is lost. */
  cutAtCommit(): void;
  /** No longer waits for a COMMIT. */
  disarm(): void;
}

export async function startCuttingProxy(serverUrl: string): Promise<CuttingProxy> {
  const target = new URL(serverUrl);
  const pairs = new Set<readonly [Socket, Socket]>();
  let isArmed = false;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.on('error', end).on('close', end);
    client.on('data', (chunk) => {
      if (isArmed && chunk.includes('commit\0')) {
        isArmed = false;
        upstream.write(chunk, () => end());
      } else {
        upstream.write(chunk);
      }
    });
    upstream.on('data', (chunk) => client.write(chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = new URL(serverUrl);
  url.port = String(typeof address === 'object' && address ? address.port : 0);
  const cut = (): void => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  };
  return {
    url: url.href,
    cut,
    cutAtCommit: () => {
      isArmed = true;
    },
    disarm: () => {
      isArmed = false;
    },
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
