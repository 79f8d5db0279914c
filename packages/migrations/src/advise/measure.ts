import type { ConnectionSource } from '../database/client.ts';
import { type Adviser, eachQuery, measurementOf, withAdviser } from './adviser.ts';
import { attempted, inTransaction } from './attempt.ts';
import { timeQuery } from './explain.ts';
import type { Measurement } from './measurement.ts';
import type { MeasureOptions } from './options.ts';

/**
 * Runs the queries as the database is now and looks up the indexes. With {@link compareMeasurements}
 * this is the way to real figures on a busy database: `measure`, `up` (which builds concurrently),
 * `measure` again with `queries: before.queries`, so that the parameters are the same.
 *
 * Each execution is EXPLAIN ANALYZE in a read-only transaction of its own, rolled back, under
 * `statementTimeout` and `lockTimeout`. It takes the ACCESS SHARE locks that the query itself takes,
 * and the load of `runs + 1` executions; writes and reads go on. A query that writes, fails or takes
 * too long is told as `trouble`, and the others are measured all the same.
 *
 * @throws InvalidOptionsError, ConnectionError, PooledConnectionError, SourceError (a pack's files),
 * or `signal.reason`.
 */
export async function measure(
  connection: ConnectionSource | undefined,
  options: MeasureOptions,
): Promise<Measurement> {
  return withAdviser('measure', connection, options, measureNow);
}

/** The queries as the database is. */
export async function measureNow(adviser: Adviser): Promise<Measurement> {
  const { session, settings, limits, server } = adviser;
  const timing = { runs: settings.runs, limits, pageBytes: server.pageBytes };
  const queries = await eachQuery(adviser, 'now', (query) =>
    timeQuery(session, query, {
      ...timing,
      inOwn: (work) => attempted(() => inTransaction(session, 'read only', limits, work)),
    }),
  );
  return measurementOf(adviser, 'executed', queries);
}
