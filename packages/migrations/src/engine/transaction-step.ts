import { isServerError } from '../database/client.ts';
import { StatementError } from '../errors.ts';
import type { TransactionStep } from '../migration.ts';
import type { Statement } from '../sql/split.ts';
import { recordInTransaction } from './record-progress.ts';
import { withRetries } from './retry.ts';
import type { StepRun } from './run.ts';
import { fileHasSet } from './session-settings.ts';
import { factsOf, statementFailure } from './statement-failure.ts';

/** Runs statements and the record of them in one transaction; all of it again after a lock timeout. */
export async function runTransactionStep(
  stepRun: StepRun<TransactionStep>,
  elapsedMs: () => number,
): Promise<void> {
  await withRetries(stepRun, () => attemptTransaction(stepRun, elapsedMs));
}

async function attemptTransaction(
  stepRun: StepRun<TransactionStep>,
  elapsedMs: () => number,
): Promise<void> {
  const { run, migration, step, ref } = stepRun;
  const { session, settings, watcher } = run;
  const limit = fileHasSet(stepRun, 'lock_timeout')
    ? ''
    : `; set local lock_timeout = ${settings.lockTimeoutMs}`;
  let running: Statement | undefined;
  try {
    await session.query(`begin${limit}`);
    for (running of step.statements) {
      const { text } = running;
      await watcher.during(() => session.query(text));
    }
    running = undefined;
    const done = {
      migration,
      stepsDone: ref.number,
      isStepRunning: false,
      durationMs: elapsedMs(),
    };
    await recordInTransaction(run, done);
    await session.query('commit');
  } catch (error) {
    await session.settle('rollback').catch(() => {});
    if (!isServerError(error)) throw error;
    if (running !== undefined) throw statementFailure(migration, running, error);
    // Deferred constraints are checked at commit, and belong to no one statement.
    const last = step.statements.at(-1) as Statement;
    throw new StatementError(
      `at the end of the transaction: ${error.message}${error.detail ? ` ${error.detail}` : ''}`,
      factsOf(migration, last),
      { sqlstate: error.code, hint: error.hint, cause: error },
    );
  }
}
