import { randomUUID } from 'node:crypto';
import { PooledConnectionError } from '../errors.ts';
import { quoteIdentifier, quoteLiteral } from '../sql/quote.ts';
import { isServerError } from './client.ts';
import type { Session } from './session.ts';

/** A session as it was before the first file, to come back to between files. */
export interface CleanState {
  /** Undoes settings, roles, temporary tables and cursors that a file has left. */
  restore(): Promise<void>;
  /** A statement that sets the original role until the end of the transaction. */
  readonly setLocalRole: string;
}

/** Lets the server notice that this process is gone while a statement runs, and end it. */
const CHECK_CLIENT_MS = 2_000;
/** Rounds of comparing server processes. */
const PIN_ROUNDS = 3;

/**
 * Makes sure that the session has a server process of its own and records how it was.
 *
 * @throws PooledConnectionError
 */
export async function prepareSession(session: Session): Promise<CleanState> {
  session.isTouched = true;
  await refusePooler(session);
  // Files are cut into statements under this setting.
  await session.query("select set_config('standard_conforming_strings', 'on', false)");
  try {
    await session.query(`set client_connection_check_interval = ${CHECK_CLIENT_MS}`);
  } catch (error) {
    // 22023: the platform cannot tell (Windows).
    if (!isServerError(error)) throw error;
  }
  const { rows } = await session.query<{ user: string; role: string; settings: string[] }>(`
    select session_user::text as "user", current_setting('role') as role,
      array(
        select 'set_config(' || quote_literal(name) || ', ' || quote_literal(setting) || ', false)'
        from pg_settings
        where source = 'session' and context in ('user', 'superuser')
      )::text[] as settings`);
  const { user = '', role = 'none', settings = [] } = rows[0] ?? {};
  const roleSql = role === 'none' ? 'none' : quoteIdentifier(role);
  const restore = [
    `set session authorization ${quoteLiteral(user)}`,
    `set role ${roleSql}`,
    'close all',
    'discard temp',
    'reset all',
    // Several in one message are one implicit transaction: all or nothing.
    ...(settings.length > 0 ? [`select ${settings.join(', ')}`] : []),
  ].join('; ');
  return {
    async restore() {
      await session.query(restore);
    },
    setLocalRole: `set local session authorization ${quoteLiteral(user)}; set local role ${roleSql}`,
  };
}

/**
 * A pooler in transaction mode gives each transaction any server connection. Two signs give it away:
 * the process id changes between statements, and a setting made here is seen by another client. To
 * make it show with an idle pooler, too, which hands out the same connection again and again, the
 * second connection holds one in an open transaction meanwhile.
 */
async function refusePooler(session: Session): Promise<void> {
  const pin = randomUUID();
  const set = await session.query<{ pid: number }>(
    "select pg_backend_pid() as pid, set_config('ops_migrations.pin', $1, false)",
    [pin],
  );
  const pid = set.rows[0]?.pid;
  const look = "select pg_backend_pid() as pid, current_setting('ops_migrations.pin', true) as pin";
  const release = await occupyAnother(session, look, pin);
  try {
    for (let round = 0; round < PIN_ROUNDS; round += 1) {
      const { rows } = await session.query<Look>(look);
      if (rows[0]?.pid !== pid || rows[0]?.pin !== pin) {
        throw new PooledConnectionError();
      }
    }
  } finally {
    await release();
  }
  session.pid = pid;
}

interface Look {
  readonly pid: number;
  readonly pin: string | null;
}

/** @throws PooledConnectionError when the second connection sees the first one's setting. */
async function occupyAnother(
  session: Session,
  look: string,
  pin: string,
): Promise<() => Promise<void>> {
  let seen: unknown;
  try {
    await session.side.query('begin');
    seen = (await session.side.query<Look>(look)).rows[0]?.pin;
  } catch {
    return async () => {};
  }
  const release = async (): Promise<void> => {
    await session.side.query('rollback').catch(() => {});
  };
  if (seen !== pin) return release;
  await release();
  throw new PooledConnectionError();
}
