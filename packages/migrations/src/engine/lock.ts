import { createHash } from 'node:crypto';
import type { Session } from '../database/session.ts';
import { type LockHolder, LockWaitError, PooledConnectionError } from '../errors.ts';
import type { MigrationEvent } from '../events.ts';
import type { Settings } from '../options.ts';
import { pause } from './pause.ts';

/** Between polls; up to half of it is added at random so that replicas do not poll in step. */
const POLL_MS = 200;
const TELL_AGAIN_MS = 10_000;

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
    const { rows } = await session.query<{ locked: boolean; pid: number }>(
      'select pg_try_advisory_lock($1::bigint) as locked, pg_backend_pid() as pid',
      [key],
    );
    if (rows[0]?.pid !== session.pid) throw new PooledConnectionError();
    const waitedMs = clock.monotonic() - startedAt;
    if (rows[0]?.locked === true) {
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

/** 64 bits of the history table's name. Advisory locks are per database, so that is not in it. */
function lockKey(schema: string): string {
  const digest = createHash('sha256').update(`@ops/migrations:${schema}.migrations`).digest();
  return digest.readBigInt64BE().toString();
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
     where l.locktype = 'advisory'
       and l.granted
       and l.database = (select oid from pg_database where datname = current_database())
       and l.objsubid = 1
       and (l.classid::bigint << 32 | l.objid::bigint) = $1::bigint`,
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

/** A connection that is gone has lost the lock already. */
async function release(session: Session, key: string): Promise<void> {
  await session.settle('select pg_advisory_unlock($1::bigint)', [key]).catch(() => {});
}
