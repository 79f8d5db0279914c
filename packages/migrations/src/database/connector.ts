import { withTimeout } from '@ops/timeout/check';
import { ConnectionError } from '../errors.ts';
import type { Settings } from '../options.ts';
import type { ConnectionSource, SqlClient, SqlPool } from './client.ts';

/** A connection that is ours until it is closed. */
export interface OpenClient {
  readonly client: Omit<SqlClient, 'end'>;
  /** Gives it back or ends it; with `destroy` the socket goes even while a statement runs. */
  close(destroy: boolean): Promise<void>;
}

/** Opens connections, whatever the option was. */
export interface Connector {
  /** For messages; no password in it. */
  readonly label: string;
  /** False when only one connection can be expected. */
  readonly hasSecond: boolean;
  open(): Promise<OpenClient>;
}

/** A connection that does not close in time is left to the operating system. */
const CLOSE_MS = 5_000;

export function createConnector(source: ConnectionSource, connectTimeoutMs: number): Connector {
  if (typeof source === 'string') {
    const open = async (): Promise<OpenClient> =>
      ownClient(await connectUrl(source, connectTimeoutMs));
    return { label: withoutPassword(source), hasSecond: true, open };
  }
  if (typeof source === 'function') {
    const open = async (): Promise<OpenClient> => ownClient(await source());
    return { label: 'the database of the given client', hasSecond: false, open };
  }
  const hasSecond = source.options?.max !== 1;
  return { label: 'the database of the given pool', hasSecond, open: () => borrow(source) };
}

/**
 * Opens a connection within `connectTimeoutMs` and until the signal is aborted.
 *
 * @throws ConnectionError, in one line: where to, and why not.
 */
export async function openClient(
  connector: Connector,
  { connectTimeoutMs, clock }: Pick<Settings, 'connectTimeoutMs' | 'clock'>,
  signal?: AbortSignal,
): Promise<OpenClient> {
  signal?.throwIfAborted();
  let opening: Promise<OpenClient> | undefined;
  try {
    return await withTimeout(() => (opening = connector.open()), connectTimeoutMs, {
      clock,
      signal,
    });
  } catch (error) {
    // One that arrives too late must not stay open.
    opening?.then(
      (late) => late.close(true),
      () => {},
    );
    if (signal?.aborted === true) throw signal.reason;
    throw new ConnectionError(
      `Cannot connect to ${connector.label}: ${reasonOf(error)}`,
      undefined,
      {
        cause: error,
      },
    );
  }
}

/** The connection ended while it was in use. */
export function lostConnection(label: string, cause: unknown): ConnectionError {
  return new ConnectionError(
    `The connection to ${label} was lost: ${reasonOf(cause)}; what was done is recorded, up() goes on from there`,
    undefined,
    { cause },
  );
}

/** In one line. Connecting to `localhost` fails with an AggregateError that has no message. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ');
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replaceAll(/\s*\n\s*/g, ' ');
}

async function connectUrl(url: string, connectTimeoutMs: number): Promise<SqlClient> {
  const { Client } = await loadPg();
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    fallback_application_name: '@ops/migrations',
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.end().catch(() => {});
    throw error;
  }
}

interface Pg {
  readonly Client: new (config: object) => SqlClient & { connect(): Promise<unknown> };
}

async function loadPg(): Promise<Pg> {
  try {
    const module: { default: unknown } = await import('pg');
    return module.default as Pg;
  } catch (error) {
    throw new Error('a URL needs the package pg: npm install pg', { cause: error });
  }
}

function ownClient(client: SqlClient): OpenClient {
  const ignore = (): void => {};
  client.on('error', ignore); // otherwise a lost idle connection ends the process
  return {
    client,
    async close() {
      await withTimeout(() => client.end(), CLOSE_MS).catch(ignore);
    },
  };
}

async function borrow(pool: SqlPool): Promise<OpenClient> {
  const client = await pool.connect();
  if (typeof client?.release !== 'function') {
    throw new TypeError(
      'connect() gave no pool client; pass a pg.Client as () => Promise<pg.Client>',
    );
  }
  const ignore = (): void => {};
  client.on('error', ignore);
  return {
    client,
    async close(destroy) {
      client.off('error', ignore);
      client.release(destroy);
    },
  };
}

/** User, host, port and database; no password and no parameters, which may hold one. */
function withoutPassword(text: string): string {
  const url = new URL(text);
  const user = url.username === '' ? '' : `${url.username}${url.password === '' ? '' : ':***'}@`;
  return `${url.protocol}//${user}${url.host}${url.pathname}`;
}
