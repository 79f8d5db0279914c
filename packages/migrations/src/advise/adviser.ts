import type { ConnectionSource } from '../database/client.ts';
import { createConnector } from '../database/connector.ts';
import { prepareSession } from '../database/prepare-session.ts';
import { openSession, type Session } from '../database/session.ts';
import type { Limits } from './attempt.ts';
import { type Catalog, readCatalog } from './catalog.ts';
import { type BoundQuery, bindQuery } from './explain.ts';
import type { MeasuredIndex, MeasuredQuery, Measurement } from './measurement.ts';
import {
  type AdviceSettings,
  type AdviseOptions,
  checkConnection,
  readSettings,
} from './options.ts';
import { readServer, type Server } from './server.ts';

/** One call of {@link advise} or {@link measure}: its connection and what it has found out. */
export interface Adviser {
  readonly session: Session;
  readonly settings: AdviceSettings;
  readonly limits: Limits;
  readonly server: Server;
  readonly catalog: Catalog;
  readonly queries: readonly BoundQuery[];
  readonly takenAt: string;
}

/** Opens a connection of its own for `work` and closes it afterwards, whatever happens. */
export async function withAdviser<T>(
  owner: 'advise' | 'measure',
  connection: ConnectionSource | undefined,
  options: AdviseOptions,
  work: (adviser: Adviser) => Promise<T>,
): Promise<T> {
  const source = checkConnection(owner, connection);
  const settings = await readSettings(owner, options);
  const connector = createConnector(source, settings.connectTimeoutMs);
  const session = await openSession(connector, settings, settings.signal);
  try {
    // Hypothetical indexes and settings stay with one server process: not for a transaction pooler.
    await prepareSession(session);
    const takenAt = new Date(settings.clock.now()).toISOString();
    const limits = { statementMs: settings.statementMs, lockMs: settings.lockMs };
    const server = await readServer(session);
    const { isStandby } = server;
    const catalog = await readCatalog(session, settings.wanted, { limits, isStandby });
    const queries: BoundQuery[] = [];
    for (const query of settings.queries) queries.push(await bindQuery(session, query, limits));
    return await work({ session, settings, limits, server, catalog, queries, takenAt });
  } finally {
    await session.close();
  }
}

/** Goes through the queries one by one and tells about each. */
export async function eachQuery(
  { queries, settings }: Adviser,
  phase: 'now' | 'hypothetical' | 'built',
  measure: (query: BoundQuery) => Promise<MeasuredQuery>,
): Promise<MeasuredQuery[]> {
  const measured: MeasuredQuery[] = [];
  for (const [at, query] of queries.entries()) {
    measured.push(await measure(query));
    const progress = { number: at + 1, count: queries.length };
    settings.emit({ type: 'query-finished', query: query.name, phase, ...progress });
  }
  return measured;
}

export function measurementOf(
  { server, catalog, takenAt }: Adviser,
  basis: Measurement['basis'],
  queries: readonly MeasuredQuery[],
  indexes?: readonly MeasuredIndex[],
): Measurement {
  return {
    takenAt,
    database: server.database,
    serverVersion: server.version,
    basis,
    queries,
    indexes: indexes ?? catalog.entries.map(({ index }) => index),
    notes: catalog.notes,
  };
}
