import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IngestHandler } from '@ops/telemetry/ingest';

/** Starts a server with `handler` at `/api/telemetry` and below; port 0 takes a free one. */
export type Start = (handler: IngestHandler, port: number) => Promise<Listening>;

/** A server that listens. */
export interface Listening {
  /** `http://host:port`, no slash at the end. */
  readonly url: string;
  /** Takes no new connection, ends those that are idle, resolves when the last request has ended. */
  close(): Promise<void>;
}

/** Resolves when `server` listens; rejects when it cannot. */
export async function listening(server: Server, port: number): Promise<Listening> {
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const { port: taken } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve, reject) => {
      server.close((error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  return { url: `http://127.0.0.1:${taken}`, close };
}
