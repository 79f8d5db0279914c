import { isLockTrouble, isServerError } from '../database/client.ts';
import type { Session } from '../database/session.ts';
import { ConnectionError, PooledConnectionError } from '../errors.ts';
import type { Settings } from '../options.ts';
import { holdsLockSql } from './lock.ts';
import { withRetries } from './retry.ts';
import type { StepProgress, StepRun } from './run.ts';
import { stepFailure } from './statement-failure.ts';

/**
 * What writes progress, as part of the transaction that is open. Under our own role: the file, or a
 * function that it calls, may have taken another, which may not write the history.
 */
export function recordingSql({ run, recordSql }: StepRun, progress: StepProgress): string {
  const { state, session, settings } = run;
  return `${state.setLocalRole}; ${isOursSql(session, settings)}; ${recordSql(progress)}`;
}

const OTHER_PID = 'ops_migrations: another server process';
const LOST_LOCK = 'ops_migrations: the lock was lost';

/**
 * Fails, and the transaction with it, on another server process than the one that took the lock, and
 * when that lock was lost: what a migration calls may have released all advisory locks, and another
 * process may have done this step meanwhile. A cast that depends on the process cannot be done when
 * the statement is planned, as 1/0 would be.
 */
function isOursSql({ pid }: Session, { schema }: Settings): string {
  return `select (case
    when pg_backend_pid() <> ${pid ?? 0} then '${OTHER_PID}'
    when not ${holdsLockSql(schema)} then '${LOST_LOCK}'
    else '0'
  end)::integer`;
}

/** Writes progress as part of the transaction that is open. */
export async function recordInTransaction(stepRun: StepRun, progress: StepProgress): Promise<void> {
  try {
    await stepRun.run.session.query(recordingSql(stepRun, progress));
  } catch (error) {
    throw recordFailure(stepRun, error);
  }
}

/** Writes progress in a transaction of its own, which waits for the disk. */
export async function recordAlone(stepRun: StepRun, progress: StepProgress): Promise<void> {
  const { session, settings } = stepRun.run;
  const begin = `begin; set local lock_timeout = ${settings.lockTimeoutMs}`;
  const text = `${begin}; ${recordingSql(stepRun, progress)}; commit`;
  await withRetries(stepRun, async () => {
    try {
      await session.query(text);
    } catch (error) {
      await session.settle('rollback').catch(() => {});
      throw recordFailure(stepRun, error);
    }
  });
}

/** Lock trouble comes out as a failure of the step, which is tried again. */
function recordFailure(stepRun: StepRun, error: unknown): unknown {
  if (!isServerError(error)) return error;
  const { history } = stepRun.run;
  if (error.message.includes(OTHER_PID)) return new PooledConnectionError();
  if (error.message.includes(LOST_LOCK)) return lostLock(error);
  if (!isLockTrouble(error)) return history.explain(error);
  return stepFailure(stepRun, `the record in ${history.label}: ${error.message}`, error);
}

function lostLock(cause: Error): ConnectionError {
  return new ConnectionError(
    'This connection has lost the migration lock, so another process may migrate; this step is not recorded',
    'Something in a migration, or what it calls, releases all advisory locks: look for pg_advisory_unlock_all and discard all. Then run it again.',
    { cause },
  );
}
