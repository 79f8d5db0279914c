import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Reporter } from './report.ts';

/** Starts a server whose errors are reported; port 0 takes a free one. */
export type Start = (alerts: Reporter, port: number) => Promise<Listening>;

/** A server that listens. */
export interface Listening {
  /** `http://host:port`, no slash at the end. */
  readonly url: string;
  /** Resolves when the last request has ended. */
  close(): Promise<void>;
}

/** Resolves when `server` listens; rejects when it cannot. */
export async function listening(server: Server, port: number): Promise<Listening> {
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${taken}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
      }),
  };
}
