import type { CheckConnection, ReadLimits } from './check-connection.ts';

/** Who of several processes does the work, and what it has found. */
export interface RunnerLock {
  /** Tries to become, or remain, the one that works. Never waits. */
  acquire(connection: CheckConnection, limits: ReadLimits): Promise<Role>;
  /** Tells the others, for as long as this session lasts. */
  tell(connection: CheckConnection, limits: ReadLimits, hasFound: boolean): Promise<void>;
  /** Lets another process work. */
  release(connection: CheckConnection, limits: ReadLimits): Promise<void>;
}

interface Role {
  readonly isRunner: boolean;
  /** What the one that works has told, or this process before. */
  readonly hasFound: boolean;
  /**
   * Set when the lock is held by a session that was ours: a pooler has given us another, or the
   * server has not noticed that the old one has gone.
   */
  readonly isOursElsewhere: boolean;
}

/** 'opsh' in ASCII: the first key of the lock. That of what was found is one more. */
const CLASS = 0x6f707368;

/** A lock of these keys in this database. Two keys of 32 bits show as `objsubid` 2. */
const lockSql = (classKey: string): string => `
      locktype = 'advisory' and objsubid = 2 and granted
      and database = (select oid from pg_database where datname = current_database())
      and classid = ${classKey} and objid = $1::integer::oid`;

/** The same names are other tables where the search path is another. */
const SELECT_KEY = `
  select hashtext($1::text || ' in ' || current_schemas(false)::text) as key`;

const SELECT_ROLE = `
  select pg_backend_pid() as pid,
    case
      -- A session may take a lock again and again, and would have to give it back as often.
      when exists (select from pg_locks where pid = pg_backend_pid() and ${lockSql(`${CLASS}`)})
      then true
      else pg_try_advisory_lock(${CLASS}, $1::integer)
    end as "isRunner",
    (select min(pid) from pg_locks where ${lockSql(`${CLASS}`)}) as holder,
    exists (select from pg_locks where ${lockSql(`${CLASS + 1}`)}) as "hasFound",
    -- A process that is stopped, or a host that is gone, must not be the one for ever.
    set_config('idle_session_timeout', $2::text, false) as "idleMs"`;

const SELECT_TELL = `
  select case
    when told.already = $2::boolean then null
    when $2::boolean then pg_try_advisory_lock(${CLASS + 1}, $1::integer)
    else pg_advisory_unlock(${CLASS + 1}, $1::integer)
  end as told
  from (
    select exists (
      select from pg_locks where pid = pg_backend_pid() and ${lockSql(`${CLASS + 1}`)}
    ) as already
  ) as told`;

const SELECT_RELEASE = `
  select case
    when exists (select from pg_locks where pid = pg_backend_pid() and ${lockSql(`key.class`)})
    then pg_advisory_unlock(key.class, $1::integer)
  end as released
  from (values (${CLASS}), (${CLASS + 1})) as key (class)`;

/**
 * Session-level advisory locks: they need no table, cost nothing, and end with the session, so
 * another process takes over when one dies. They do not work through a pooler that gives each
 * transaction another session.
 *
 * @param work names what is done; processes with the same take turns.
 * @param idleMs the server ends the session when nothing was asked for so long.
 */
export function createRunnerLock(work: string, idleMs: number): RunnerLock {
  let key = 0;
  const pids = new Set<number>();
  return {
    acquire: (connection, limits) =>
      connection.read(limits, async (read) => {
        const [hashed] = await read.rows<{ key: number }>(SELECT_KEY, [work]);
        key = hashed?.key ?? 0;
        const idle = String(Math.min(2 ** 31 - 1, Math.ceil(idleMs)));
        const [found] = await read.rows<{
          pid: number;
          isRunner: boolean;
          holder: number | null;
          hasFound: boolean;
        }>(SELECT_ROLE, [key, idle]);
        if (found === undefined) throw new Error('The answer is not that of a PostgreSQL server');
        const { pid, isRunner, holder, hasFound } = found;
        const isOursElsewhere = !isRunner && holder !== null && pids.has(holder);
        if (isRunner) pids.add(pid);
        return { isRunner, hasFound, isOursElsewhere };
      }),
    tell: (connection, limits, hasFound) =>
      connection.read(limits, async (read) => {
        await read.rows(SELECT_TELL, [key, hasFound]);
      }),
    release: (connection, limits) =>
      connection.read(limits, async (read) => {
        await read.rows(SELECT_RELEASE, [key]);
      }),
  };
}
