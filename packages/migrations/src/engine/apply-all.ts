import type { PendingMigration } from '../history/compare.ts';
import type { Migration } from '../migration.ts';
import { applyMigration } from './apply.ts';
import { applyTogether, takeTogether } from './apply-together.ts';
import { flushCommits } from './flush-commits.ts';
import type { Run } from './run.ts';

/** One that was applied, or finished, and how long that took. */
export interface Applied {
  readonly migration: Migration;
  readonly durationMs: number;
}

/** So many files at most are sent in one message. */
const MOST_TOGETHER = 32;
/** A message that takes less has room for more files, */
const QUICK_MS = 100;
/** and one that takes more had a file in it that should go by itself. */
const SLOW_MS = 500;

/** Applies them in order. When this resolves, all of it is on disk. */
export async function applyAll(
  run: Run,
  pending: readonly PendingMigration[],
): Promise<readonly Applied[]> {
  const applied: Applied[] = [];
  try {
    await applyEach(run, pending, applied);
  } catch (error) {
    // What came before the failure has been reported as finished; the failure is what counts.
    await flushCommits(run, run.session.settle).catch(() => {});
    throw error;
  }
  await flushCommits(run, run.session.query);
  return applied;
}

/**
 * One by one, and as long as that goes quickly, two, four and more at a time: a thousand small files
 * cost more in round trips than in work. Where files take long, each is sent by itself, so that events
 * tell which one is running.
 */
async function applyEach(
  run: Run,
  pending: readonly PendingMigration[],
  applied: Applied[],
): Promise<void> {
  const { clock } = run.settings;
  let limit = 1;
  while (applied.length < pending.length) {
    const startedAt = clock.monotonic();
    const left = pending.slice(applied.length, applied.length + limit);
    const together = takeTogether(run, left);
    const done =
      together.length > 1 ? await applyTogether(run, together) : await applyOne(run, left);
    applied.push(...done);
    const tookMs = clock.monotonic() - startedAt;
    if (tookMs > SLOW_MS || done.length < together.length) limit = 1;
    else if (tookMs < QUICK_MS) limit = Math.min(limit * 2, MOST_TOGETHER);
  }
}

async function applyOne(run: Run, [next]: readonly PendingMigration[]): Promise<Applied[]> {
  if (next === undefined) return [];
  return [{ migration: next.migration, durationMs: await applyMigration(run, next) }];
}
