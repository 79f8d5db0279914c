import { createHash } from 'node:crypto';
import type { Session } from '../database/session.ts';
import { type LockHolder, LockWaitError, PooledConnectionError } from '../errors.ts';
import type { MigrationEvent } from '../events.ts';
import type { Settings } from '../options.ts';
import { pause } from './pause.ts';

/** Between polls; up to half of it is added at random so that replicas do not poll in step. */
const POLL_MS = 200;
const TELL_AGAIN_MS = 10_000;

/** Picks the lock whose key is `$1` from `pg_locks l`. */
const IS_OURS = `l.locktype = 'advisory'
       and l.granted
       and l.database = (select oid from pg_database where datname = current_database())
       and l.objsubid = 1
       and (l.classid::bigint << 32 | l.objid::bigint) = $1::bigint`;

/** The lock that one process at a time holds while it migrates. */
export interface MigrationLock {
  readonly waitedMs: number;
  release(): Promise<void>;
}

export interface LockContext {
  readonly session: Session;
  readonly settings: Settings;
  readonly signal: AbortSignal | undefined;
  readonly emit: (event: MigrationEvent) => void;
}

/**
 * Takes the session-level advisory lock of this history on the connection that will migrate.
 *
 * It polls. A session that blocks in `pg_advisory_lock` holds a snapshot for as long, and a
 * concurrent index build by the lock's holder waits for that snapshot: a deadlock, in which
 * PostgreSQL kills one of the two.
 *
 * @throws LockWaitError
 */
export async function acquireLock(context: LockContext): Promise<MigrationLock> {
  const { session, settings, signal, emit } = context;
  const { clock, lockWaitMs, random } = settings;
  const key = lockKey(settings.schema);
  const startedAt = clock.monotonic();
  let toldAt = -Infinity;
  let toldPid: number | undefined;
  for (;;) {
    const { rows } = await session.query<{ locked: string | null }>(TRY_SQL, [key, session.pid]);
    const locked = rows[0]?.locked;
    if (locked !== 'yes' && locked !== 'no') throw new PooledConnectionError();
    const waitedMs = clock.monotonic() - startedAt;
    if (locked === 'yes') {
      return { waitedMs, release: () => release(session, key) };
    }
    const holder = await findHolder(session, key);
    if (waitedMs >= lockWaitMs) throw new LockWaitError(waitedMs, holder);
    if (holder?.pid !== toldPid || waitedMs - toldAt >= TELL_AGAIN_MS) {
      toldAt = waitedMs;
      toldPid = holder?.pid;
      emit({ type: 'waiting', holder, waitedMs });
    }
    const delayMs = POLL_MS * (1 + random() / 2);
    await pause(Math.min(delayMs, lockWaitMs - waitedMs), clock, signal);
  }
}

/**
 * On the server process that was asked all along, or not at all: behind a pooler nobody would release
 * it. Twice, for {@link holdsLockSql}.
 */
const TRY_SQL = `
  select case when pg_backend_pid() = $2 then
    case when pg_try_advisory_lock($1::bigint) and pg_try_advisory_lock($1::bigint)
      then 'yes' else 'no' end
  end as locked`;

/** 64 bits of the history table's name. Advisory locks are per database, so that is not in it. */
function lockKey(schema: string): string {
  const digest = createHash('sha256').update(`@ops/migrations:${schema}.migrations`).digest();
  return digest.readBigInt64BE().toString();
}

/**
 * Whether the session has held the lock all the time since it was taken. The server counts: one of the
 * two is given back and taken again, which stays within the session. To look whether it is free would
 * not do, as another process may have had it in between.
 */
export function holdsLockSql(schema: string): string {
  const key = `'${lockKey(schema)}'::bigint`;
  return `(pg_advisory_unlock(${key}) and pg_try_advisory_lock(${key}))`;
}

interface Holder {
  readonly pid: number;
  readonly application_name: string | null;
  /** Milliseconds since 1970. */
  readonly since: string | null;
}

async function findHolder(session: Session, key: string): Promise<LockHolder | undefined> {
  const { rows } = await session.query<Holder>(
    `select l.pid, a.application_name,
       (extract(epoch from a.backend_start) * 1000)::text as since
     from pg_locks l
     left join pg_stat_activity a on a.pid = l.pid
     where ${IS_OURS}`,
    [key],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    pid: row.pid,
    applicationName: row.application_name || undefined,
    since: row.since === null ? undefined : new Date(Number(row.since)),
  };
}

/**
 * A connection that is gone has lost the lock already. Should a pooler have given us another server
 * process after all, the one that has the lock is ended: nobody else could release it.
 */
async function release(session: Session, key: string): Promise<void> {
  await session.settle(RELEASE_SQL, [key, session.pid]).catch(() => {});
}

const RELEASE_SQL = `
  select case when pg_backend_pid() = $2
    then pg_advisory_unlock($1::bigint) and pg_advisory_unlock($1::bigint)
    else (
      select pg_terminate_backend(l.pid)
      from pg_locks l
      where l.pid = $2
        and ${IS_OURS}
    )
  end`;
