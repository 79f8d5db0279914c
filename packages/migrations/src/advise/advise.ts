import type { ConnectionSource } from '../database/client.ts';
import { AdviceMethodError } from '../errors.ts';
import { type Adviser, withAdviser } from './adviser.ts';
import { adviceFrom } from './compare.ts';
import { measureNow } from './measure.ts';
import { measureBuilt } from './measure-built.ts';
import { measureHypothetical } from './measure-hypothetical.ts';
import type { AdviseOptions } from './options.ts';
import type { AdviceReport } from './report.ts';
import type { Server } from './server.ts';

/**
 * Says what indexes would buy on this database, for the queries given. One connection is used, and a
 * second one for cancelling; nothing stays behind in the database.
 *
 * - `hypothetical`: the planner's estimates, in cost and bytes, with the extension hypopg. No query is
 *   run and no index built. Locks: ACCESS SHARE, as a `select` takes, during one transaction. Costs are
 *   no times, and the report does not make them any.
 * - `build`: real times. Queries are run as in {@link measure}; then the absent indexes are built, the
 *   queries run again, and all of it is rolled back. **Writes to the tables of those indexes wait** (SHARE
 *   lock) from the build until the rollback: at most `buildTimeout` for each index and
 *   `(runs + 1) × statementTimeout` for each query. Meant for a copy of the database. Getting the lock
 *   waits for `lockTimeout` at most. The transaction also holds back vacuum. With no index absent,
 *   nothing is built.
 * - `auto`: `hypothetical` where hypopg is in the database. Otherwise the queries are measured as they
 *   are, and absent indexes are reported as not measured. It never takes a lock that stops writes.
 *
 * An index that is there already is not taken away to see what it buys: that needs an ACCESS EXCLUSIVE
 * lock, which stops reads as well. Its size, its scans and the queries that use it are reported.
 *
 * Before that, definitions are compared with the catalog by means of empty temporary tables, in a
 * transaction that is rolled back.
 *
 * @throws InvalidOptionsError, AdviceMethodError, ConnectionError, PooledConnectionError, SourceError
 * (a pack's files), or `signal.reason`. What goes wrong with one query or one index is in the report.
 */
export async function advise(
  connection: ConnectionSource | undefined,
  options: AdviseOptions,
): Promise<AdviceReport> {
  return withAdviser('advise', connection, options, (adviser) => {
    const { method } = adviser.settings;
    if (method === 'build') return adviseByBuilding(adviser);
    const schema = adviser.server.hypopgSchema;
    if (schema !== undefined) return adviseByPlanning(adviser, schema);
    if (method === 'hypothetical') throw withoutHypopg(adviser.server);
    return adviseOnPresent(adviser);
  });
}

async function adviseByPlanning(adviser: Adviser, schema: string): Promise<AdviceReport> {
  const { before, after } = await measureHypothetical(adviser, schema);
  return adviceFrom('hypothetical', before, after);
}

async function adviseByBuilding(adviser: Adviser): Promise<AdviceReport> {
  if (adviser.server.isStandby) {
    throw new AdviceMethodError(
      'build',
      `The database ${adviser.server.database} is a standby, where no index can be built`,
      "Use a copy that can be written to, or method 'hypothetical', which works here.",
    );
  }
  const before = await measureNow(adviser);
  const isAnyAbsent = adviser.catalog.entries.some(({ index }) => index.state === 'absent');
  if (!isAnyAbsent) return adviceFrom('none', before, undefined);
  return adviceFrom('build', before, await measureBuilt(adviser));
}

async function adviseOnPresent(adviser: Adviser): Promise<AdviceReport> {
  const report = adviceFrom('none', await measureNow(adviser), undefined);
  const isAnyAbsent = adviser.catalog.entries.some(({ index }) => index.state === 'absent');
  return isAnyAbsent ? { ...report, notes: [...report.notes, otherWays(adviser.server)] } : report;
}

function withoutHypopg(server: Server): AdviceMethodError {
  return new AdviceMethodError(
    'hypothetical',
    `The extension hypopg is not in the database ${server.database}`,
    otherWays(server),
  );
}

function otherWays({ hasHypopgFiles }: Server): string {
  const hypopg = hasHypopgFiles
    ? 'For estimates: create extension hypopg; this server has it.'
    : 'For estimates, install hypopg on the server (Debian: postgresql-<version>-hypopg) and create the extension.';
  return `${hypopg} For real times: method 'build' on a copy of the database, or here measure(), up(), measure() and compareMeasurements().`;
}
