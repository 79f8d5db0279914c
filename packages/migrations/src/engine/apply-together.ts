import { isCancelled, isServerError } from '../database/client.ts';
import type { PendingMigration } from '../history/compare.ts';
import { refOf, type TransactionStep } from '../migration.ts';
import { keyOf } from '../sources/source.ts';
import type { Applied } from './apply-all.ts';
import { composeTransaction, LARGEST_MESSAGE } from './one-message.ts';
import type { Run, StepRun } from './run.ts';
import { cancelledFailure } from './statement-failure.ts';
import { delaysCommit } from './transaction-settings.ts';
import { stepRunOf, workOf } from './work.ts';

/** A file that is one transaction, from its beginning. */
type WholeFile = StepRun<TransactionStep>;

/** Those at the beginning that can be sent in one message, each as a transaction of its own. */
export function takeTogether(run: Run, pending: readonly PendingMigration[]): WholeFile[] {
  const taken: WholeFile[] = [];
  let size = 0;
  for (const each of pending) {
    const [step, ...others] = each.migration.steps;
    size += each.migration.text.length;
    const isWhole = step?.kind === 'transaction' && others.length === 0 && each.stepsDone === 0;
    if (!isWhole || size > LARGEST_MESSAGE || run.settings.attempts === 1) break;
    taken.push({ ...stepRunOf(run, workOf(run, each), 0), step });
  }
  return taken;
}

/**
 * Sends the transactions of several files in one message. The server stops at the first error: files
 * before it are committed with their records, it and those behind it leave nothing. Gives those that
 * are done, which are fewer then; the one that failed is to be run by itself, which tells what is
 * wrong with it.
 */
export async function applyTogether(run: Run, files: readonly WholeFile[]): Promise<Applied[]> {
  const { session, state, watcher } = run;
  const { clock } = run.settings;
  const startedAt = clock.monotonic();
  const text = messageOf(run, files);
  state.hasDelayedCommits ||= files.some(delaysCommit);
  state.isDirty = true;
  try {
    await watcher.during(() => session.query(text));
    return tellAll(run, files, clock.monotonic() - startedAt);
  } catch (error) {
    await session.settle('rollback').catch(() => {});
    if (!isServerError(error)) throw error;
    const done = await findDone(run, files);
    const applied = tellAll(run, done, clock.monotonic() - startedAt);
    const failed = files[done.length];
    if (failed !== undefined && isCancelled(error)) throw cancelledFailure(failed, error);
    return applied;
  }
}

function messageOf({ state }: Run, files: readonly WholeFile[]): string {
  const transactions = files.map((file) => composeTransaction(file).text);
  const restore = `; ${state.restoreSql}; `;
  return (state.isDirty ? restore.slice(2) : '') + transactions.join(restore);
}

/** Asks the history. A file may have taken a role that must not read it. */
async function findDone(
  { session, history, state }: Run,
  files: readonly WholeFile[],
): Promise<WholeFile[]> {
  await state.restore();
  const rows = await history.read(session);
  const applied = new Set(rows.flatMap((row) => (row.appliedAt ? [keyOf(row)] : [])));
  return files.filter(({ migration }) => applied.has(keyOf(migration)));
}

/** How long each of them took, nobody knows; together it is `durationMs`. */
function tellAll(run: Run, files: readonly WholeFile[], totalMs: number): Applied[] {
  const durationMs = totalMs / Math.max(1, files.length);
  return files.map((file) => {
    const migration = refOf(file.migration);
    const step = file.ref;
    const direction = 'up';
    run.emit({ type: 'migration-started', migration, direction, stepCount: 1, stepsDone: 0 });
    run.emit({ type: 'step-started', migration, step });
    run.emit({ type: 'step-finished', migration, step, outcome: 'done', durationMs });
    run.emit({ type: 'migration-finished', migration, direction, durationMs });
    return { migration: file.migration, durationMs };
  });
}
