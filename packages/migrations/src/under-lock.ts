import { type CleanState, prepareSession } from './database/prepare-session.ts';
import { safely } from './emit.ts';
import { acquireLock } from './engine/lock.ts';
import type { MigrationEvent } from './events.ts';
import type { Situation } from './situation.ts';

/** What there is while the lock is held. */
export interface Locked {
  readonly state: CleanState;
  readonly emit: (event: MigrationEvent) => void;
  /** Time spent waiting for another process. */
  readonly waitedMs: number;
}

/**
 * Does `work` while no other process migrates; the history table is there by then.
 *
 * @throws LockWaitError, PooledConnectionError, HistoryError
 */
export async function underLock<T>(
  { session, settings, history, signal }: Situation,
  work: (locked: Locked) => Promise<T>,
): Promise<T> {
  const emit = safely(settings.onEvent);
  const state = await prepareSession(session);
  const lock = await acquireLock({ session, settings, signal, emit });
  try {
    await history.ensure(session, settings.lockTimeoutMs);
    return await work({ state, emit, waitedMs: lock.waitedMs });
  } finally {
    await lock.release();
  }
}
