import { randomUUID } from 'node:crypto';
import type { Store, StoreContext, StoreSession } from '../store.ts';
import { commit } from './commit.ts';
import type { Connected } from './connected.ts';
import type { SqlPool } from './database.ts';
import { createLives } from './lives.ts';
import {
  checkPool,
  type ParsedPostgresStoreOptions,
  type PostgresStoreOptions,
  parsePostgresStoreOptions,
} from './options.ts';
import { addSilence, endSilence, history, list, waiting } from './queries.ts';
import { serverClock } from './server-clock.ts';
import { createAsk } from './statement.ts';
import { storedName } from './stored-text.ts';
import { tableNames } from './tables.ts';
import { tick } from './tick.ts';
import { createUpkeep } from './upkeep.ts';

/** One write a second and process, whatever happens: the price of an outage is a second of counts. */
const INTERVAL_MS = 1_000;

/**
 * Keeps the state of alerts in PostgreSQL (15 or later), shared by all processes that use the same
 * database, schema, `service` and `environment`. The tables are those of `ensureTables`, or of the
 * migration pack `alertsTables`.
 *
 * A process asks two statements a second at most, and more only while messages are sent. Each is a
 * transaction by itself, holds locks on rows for as long as it runs, and leaves no state in its
 * connection: a pool in front in transaction mode may stand between. Time is the server's.
 *
 * Every call gives up after `timeout` and closes the connection it used. What then still waits in the
 * server for a lock on a whole table changes nothing when its turn comes: a commit carries the time
 * until which it counts. Give your pool a `statement_timeout` besides if such waits are to end earlier.
 * Nothing is connected before `createAlerts`, and the pool stays yours to end: after
 * `alerts.close()`. It needs one connection, two while messages are sent.
 *
 * @throws InvalidOptionsError
 */
export function postgresStore(pool: SqlPool, options: PostgresStoreOptions = {}): Store {
  checkPool(pool, 'postgresStore');
  const parsed = parsePostgresStoreOptions(options);
  return { kind: 'postgres', open: (context) => openSession(pool, parsed, context) };
}

function openSession(
  pool: SqlPool,
  { schema, timeoutMs, retentionMs, logger }: ParsedPostgresStoreOptions,
  { scope, clock }: StoreContext,
): StoreSession {
  const time = serverClock(clock);
  const to: Connected = {
    ask: createAsk({ pool, schema, timeoutMs, clock, serverClock: time }),
    tables: tableNames(schema),
    scope: storedName(scope),
    timeoutMs,
    retentionMs,
    serverClock: time,
    lives: createLives(),
  };
  const upkeep = createUpkeep(to, clock, logger);
  const session = randomUUID();
  let leaseCount = 0;
  const newLease = (): string => `${session}.${(leaseCount += 1)}`;

  return {
    intervalMs: INTERVAL_MS,
    now: () => time.now(),
    async tick(request) {
      const answer = await tick(to, request, newLease);
      upkeep.consider();
      return answer;
    },
    async commit(units) {
      return commit(to, units);
    },
    async settle(settlement) {
      const unit = { documents: [], messages: [], alerts: [], settle: settlement };
      const { isApplied } = await commit(to, [unit]);
      return { isHeld: isApplied[0] === true };
    },
    waiting: (channel, limitCount) => waiting(to, channel, limitCount),
    list: (prefix, limitCount) => list(to, prefix, limitCount),
    addSilence: (silence) => addSilence(to, silence),
    endSilence: (id) => endSilence(to, id),
    history: (query) => history(to, query),
    close: () => upkeep.close(),
  };
}
