import type { Progress } from '../history/history.ts';
import type { Run } from './run.ts';

/** Whether the file may leave the session under another role, which may not write the history. */
const MAY_CHANGE_ROLE = /\b(?:role|authorization)\b/i;

/** Writes progress as part of the transaction that is open. */
export async function recordInTransaction(run: Run, progress: Progress): Promise<void> {
  const { session, history, state } = run;
  if (MAY_CHANGE_ROLE.test(progress.migration.text)) await session.query(state.setLocalRole);
  await history.record(session.query, progress);
}

/** Writes progress in a transaction of its own. */
export async function recordAlone(run: Run, progress: Progress): Promise<void> {
  const { session, history } = run;
  if (!MAY_CHANGE_ROLE.test(progress.migration.text)) {
    await history.record(session.query, progress);
    return;
  }
  try {
    await session.query('begin');
    await recordInTransaction(run, progress);
    await session.query('commit');
  } catch (error) {
    await session.settle('rollback').catch(() => {});
    throw error;
  }
}
