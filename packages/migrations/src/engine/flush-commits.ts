import type { Query } from '../database/session.ts';
import type { Run } from './run.ts';

/**
 * Waits until all that was committed is on disk. The log is written in order, so one commit that
 * waits does it. It has to have written something, or the server does not wait: a message into the
 * log, which takes no lock, so that nobody who holds one can keep this from ending. The session may
 * still have what the last file has left in it.
 */
export async function flushCommits({ state }: Pick<Run, 'state'>, query: Query): Promise<void> {
  if (!state.hasDelayedCommits) return;
  await query(`
    begin read write;
    ${state.setLocalRole};
    set local synchronous_commit to default;
    select pg_catalog.pg_logical_emit_message(true, '@ops/migrations', '');
    commit`);
  state.hasDelayedCommits = false;
}
