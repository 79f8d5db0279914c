import { InvalidOptionsError } from '@ops/timeout';
import { parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { CheckContext, ExternalCheckSpec } from '../check.ts';
import { type CheckPolicy, checkPolicy } from '../check-policy.ts';
import { CheckFailedError } from '../errors.ts';
import { createDedicatedConnection, type DedicatedConnection } from './dedicated-connection.ts';
import { toCheckFailure } from './postgres-error.ts';
import { clientFactory, type PostgresPool } from './postgres-pool.ts';

/** Options of {@link ping}. */
export interface PingOptions extends CheckPolicy {
  /**
   * `primary`: the server must take writes, so a replica, or a primary that was demoted or set
   * read-only, fails with `bad_response`. `replica`: it must be one, so after a promotion the check
   * fails. `any`: it must answer.
   * @default 'primary'
   */
  readonly role?: 'primary' | 'replica' | 'any' | undefined;
}

const schema = z.strictObject({
  role: z.enum(['primary', 'replica', 'any']).optional(),
  ...checkPolicy,
} satisfies Shape<PingOptions>);

/**
 * Passes when the server answers and has the role it must have.
 *
 * It asks on a connection of its own, opened at the first attempt with the pool's settings: an
 * exhausted pool says that the application is busy, not that the database is gone, and a probe that
 * waits in the pool's queue makes the queue longer. The connection is kept, does not keep the
 * process alive, and is destroyed when an attempt fails or is aborted; the server then ends the
 * statement by its own `statement_timeout`, set to the time limit, in which connecting is
 * included. A pool without a `Client`
 * (see {@link PostgresPool}) is asked by `pool.query`, without these protections.
 *
 * Takes no lock but those of reading the system catalogs. Codes: `refused`, `auth`, `timeout`,
 * `saturated` (the server has no connection left), `tls`, `dns`, `bad_response`, `error`.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function ping(pool: PostgresPool, options: PingOptions = {}): ExternalCheckSpec {
  const parsed = parseOptions(schema, options, { of: 'postgres.ping' });
  if (typeof (pool as PostgresPool | undefined)?.query !== 'function') {
    throw new InvalidOptionsError(
      'postgres.ping: pool: expected a pg.Pool or an object with query()',
    );
  }
  const { role = 'primary', ...policy } = parsed;
  const makeClient = clientFactory(pool);
  const connection = makeClient && createDedicatedConnection(makeClient);
  return {
    external: true,
    kind: 'datastore',
    ...policy,
    run: async (context) => {
      const state = await (connection
        ? askOn(connection, context)
        : askPool(pool).catch((error: unknown) => {
            throw toCheckFailure(error);
          }));
      const fault = faultOf(state, role);
      if (fault === undefined) return;
      // After a failover the name of the primary may lead elsewhere: connect anew next time.
      connection?.destroy();
      throw new CheckFailedError('bad_response', fault);
    },
    close: async () => {
      await connection?.close();
    },
  };
}

interface ServerState {
  readonly isReplica: boolean;
  readonly isReadOnly: boolean;
}

function faultOf(
  { isReplica, isReadOnly }: ServerState,
  role: 'primary' | 'replica' | 'any',
): string | undefined {
  if (role === 'replica' && !isReplica) return 'expected a replica; it is a primary';
  if (role !== 'primary' || !isReadOnly) return undefined;
  return `expected a server that takes writes; it is ${isReplica ? 'a replica' : 'read-only'}`;
}

const SELECT_STATE = `select pg_catalog.pg_is_in_recovery() as "isReplica",
  pg_catalog.current_setting('transaction_read_only') = 'on' as "isReadOnly"`;

/**
 * The limit is set inside the transaction because that leaves nothing behind on a connection that
 * a pooler shares, and because PgBouncer refuses it as a connection parameter.
 */
async function askOn(
  connection: DedicatedConnection,
  { signal, timeoutMs }: CheckContext,
): Promise<ServerState> {
  const text = `begin;
set local statement_timeout = ${Math.ceil(timeoutMs)};
${SELECT_STATE};
commit`;
  try {
    const results = await connection.query(text, signal);
    return stateIn(Array.isArray(results) ? results[2] : undefined);
  } catch (error) {
    throw toCheckFailure(error);
  }
}

async function askPool(pool: PostgresPool): Promise<ServerState> {
  return stateIn(await pool.query(SELECT_STATE));
}

function stateIn(result: unknown): ServerState {
  const { isReplica, isReadOnly } =
    (result as { rows?: Partial<ServerState>[] } | undefined)?.rows?.[0] ?? {};
  if (typeof isReplica === 'boolean' && typeof isReadOnly === 'boolean')
    return { isReplica, isReadOnly };
  throw new CheckFailedError('bad_response', 'the answer is not that of a PostgreSQL server');
}
