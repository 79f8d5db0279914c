import { applyAll } from './engine/apply-all.ts';
import type { Run } from './engine/run.ts';
import { createWatcher } from './engine/watcher.ts';
import type { PendingMigration } from './history/compare.ts';
import { refOf } from './migration.ts';
import type { Situation } from './situation.ts';
import { underLock } from './under-lock.ts';
import type { AppliedNow, UpReport } from './up.ts';

/**
 * Applies what is pending, under the lock.
 *
 * @param findPending is asked under it: another process may have migrated while this one waited.
 * @param isPlanned runs what there is at first, and nothing that becomes applicable by it.
 */
export async function migrate(
  situation: Situation,
  findPending: () => Promise<readonly PendingMigration[]>,
  isPlanned: boolean,
): Promise<Omit<UpReport, 'durationMs'>> {
  const { session, settings, history, signal } = situation;
  return underLock(situation, async ({ state, emit, waitedMs }) => {
    let pending = await findPending();
    if (pending.length > 0) emit({ type: 'locked', waitedMs, pendingCount: pending.length });
    const watcher = createWatcher(session, settings);
    const tally: Run['tally'] = { retried: 0, recovered: [] };
    const run: Run = { settings, session, history, state, watcher, signal, emit, tally };
    const applied: AppliedNow[] = [];
    // Each round applies something, so that there is a last one.
    for (; pending.length > 0; pending = isPlanned ? [] : await findWoken(situation, findPending)) {
      for (const { migration, durationMs } of await applyAll(run, pending)) {
        applied.push({ ...refOf(migration), durationMs });
      }
    }
    return { applied, ...tally, waitedMs };
  });
}

/** What waited for a table that has been made meanwhile. Asks only when something does wait. */
async function findWoken(
  { files }: Situation,
  findPending: () => Promise<readonly PendingMigration[]>,
): Promise<readonly PendingMigration[]> {
  return files.some(({ when }) => when !== undefined) ? findPending() : [];
}
