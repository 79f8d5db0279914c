import { randomUUID } from 'node:crypto';
import { PooledConnectionError } from '../errors.ts';
import { quoteIdentifier, quoteLiteral } from '../sql/quote.ts';
import { isServerError } from './client.ts';
import type { Session } from './session.ts';

/** A session as it was before the first file, to come back to between files. */
export interface CleanState {
  /** Undoes settings, roles, temporary tables, cursors and the like that a file has left. */
  restore(): Promise<void>;
  /** What `restore` sends, to go in front of other statements; a transaction of its own. */
  readonly restoreSql: string;
  /** Set when a file has been run since the last restore. */
  isDirty: boolean;
  /** A statement that sets the original role until the end of the transaction. */
  readonly setLocalRole: string;
  /**
   * Whether a commit need not wait for the disk as long as a later one does: false where the role or
   * database has a `synchronous_commit` of its own, or it is off anyway.
   */
  mayDelayCommits: boolean;
  /** Set when a commit since the last flush has not waited for the disk. */
  hasDelayedCommits: boolean;
}

/** Lets the server notice that this process is gone while a statement runs, and end it. */
const CHECK_CLIENT_MS = 2_000;
/** Rounds of comparing server processes. */
const PIN_ROUNDS = 4;

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
  const { rows } = await session.query<Found>(FIND_SQL);
  const { user = '', role = 'none', settings = [], may_delay } = rows[0] ?? {};
  const roleSql = role === 'none' ? 'none' : quoteIdentifier(role);
  const restoreSql = [
    'begin',
    `set session authorization ${quoteLiteral(user)}`,
    `set role ${roleSql}`,
    'close all',
    'deallocate all',
    'unlisten *',
    'discard temp',
    'reset all',
    `select ${[...settings, BEGUN_SQL].join(', ')}`,
    'commit',
  ].join('; ');
  const state: CleanState = {
    restoreSql,
    isDirty: false,
    async restore() {
      await session.query(restoreSql);
      state.isDirty = false;
    },
    setLocalRole: `set local session authorization ${quoteLiteral(user)}; set local role ${roleSql}`,
    mayDelayCommits: may_delay === 'yes',
    hasDelayedCommits: false,
  };
  return state;
}

/** The time, for the record's duration: all transactions of one message have the same `now()`. */
const BEGUN_SQL =
  "set_config('ops_migrations.begun', extract(epoch from clock_timestamp())::text, false)";

interface Found {
  readonly user: string;
  readonly role: string;
  /** Calls that bring back what was set for this session. */
  readonly settings: readonly string[];
  readonly may_delay: string | null;
}

const FIND_SQL = `
  select session_user::text as "user", current_setting('role') as role,
    array(
      select 'set_config(' || quote_literal(name) || ', ' || quote_literal(setting) || ', false)'
      from pg_settings
      where source = 'session' and context in ('user', 'superuser')
    )::text[] as settings,
    (
      select 'yes'
      from pg_settings
      where name = 'synchronous_commit'
        and setting <> 'off'
        and source in ('default', 'environment variable', 'configuration file', 'command line')
    ) as may_delay`;

/**
 * A pooler in transaction mode gives each transaction any server connection. Two signs give it away:
 * the process id changes between statements, and a setting made here is seen by another client. To
 * make it show with an idle pooler, too, which hands out the connection that was used last, the second
 * connection takes that one first. Several rounds, because in a busy one others may get it.
 */
async function refusePooler(session: Session): Promise<void> {
  const pin = randomUUID();
  const set = await session.query<{ pid: number }>(
    "select pg_backend_pid() as pid, set_config('ops_migrations.pin', $1, false)",
    [pin],
  );
  const pid = set.rows[0]?.pid;
  const look = "select pg_backend_pid() as pid, current_setting('ops_migrations.pin', true) as pin";
  for (let round = 0; round < PIN_ROUNDS; round += 1) {
    const seen = await lookFromSide(session, look);
    try {
      if (seen?.pin === pin) throw new PooledConnectionError();
      const { rows } = await session.query<Look>(look);
      if (rows[0]?.pid !== pid || rows[0]?.pin !== pin) throw new PooledConnectionError();
    } finally {
      if (seen !== undefined) await session.side.query('rollback').catch(() => {});
    }
  }
  session.pid = pid;
}

interface Look {
  readonly pid: number;
  readonly pin: string | null;
}

/** In a transaction, which stays open. Undefined when there is no second connection. */
async function lookFromSide(session: Session, look: string): Promise<Look | undefined> {
  try {
    await session.side.query('begin');
    return (await session.side.query<Look>(look)).rows[0];
  } catch {
    return undefined;
  }
}
