import { isCancelled, isLockTrouble, isServerError, type ServerError } from '../database/client.ts';
import type { TransactionStep } from '../migration.ts';
import { isWord, type Statement } from '../sql/split.ts';
import { composeMessage, type Message, placeInMessage } from './one-message.ts';
import { recordInTransaction } from './record-progress.ts';
import { withRetries } from './retry.ts';
import type { StepRun } from './run.ts';
import { cancelledFailure, statementFailure, stepFailure } from './statement-failure.ts';
import { beginSql, delaysCommit } from './transaction-settings.ts';

/**
 * Runs statements and the record of them in one transaction; all of it again after a lock timeout.
 *
 * At first as one message: a round trip takes as long as a small file. The server does not say which
 * statement of a message has failed, unless the error has a position. In that case the transaction,
 * which has been rolled back, is repeated statement by statement.
 */
export async function runTransactionStep(stepRun: StepRun<TransactionStep>): Promise<void> {
  const { state } = stepRun.run;
  await withRetries(stepRun, async (attempt) => {
    const isSent = attempt === 1 && (await attemptAsOne(stepRun));
    if (!isSent) await attemptOneByOne(stepRun);
  });
  if (delaysCommit(stepRun)) state.hasDelayedCommits = true;
}

/** Gives false when it has not been tried, or has to be repeated to tell what failed. */
async function attemptAsOne(stepRun: StepRun<TransactionStep>): Promise<boolean> {
  const { session, settings, state, watcher } = stepRun.run;
  // With one attempt only, a lock timeout could not be placed by the next one.
  const message = settings.attempts > 1 ? composeMessage(stepRun) : undefined;
  if (message === undefined) return false;
  try {
    await watcher.during(() => session.query(message.text));
    state.isDirty = false;
    return true;
  } catch (error) {
    await undo(stepRun);
    if (!isServerError(error)) throw error;
    const failure = placeFailure(stepRun, message, error);
    if (failure === undefined) return false;
    throw failure;
  }
}

function placeFailure(
  stepRun: StepRun<TransactionStep>,
  message: Message,
  error: ServerError,
): Error | undefined {
  const { migration, step } = stepRun;
  // Which statement it was shows in the next attempt.
  if (isLockTrouble(error)) return stepFailure(stepRun, error.message, error);
  if (isCancelled(error)) return cancelledFailure(stepRun, error);
  // The end of a statement is not the end of the message: "at or near ;" instead of "at end of input".
  const place =
    error.code === '42601' ? undefined : placeInMessage(message, step.statements, error);
  return place && statementFailure(migration, place.statement, error, place.offset);
}

async function attemptOneByOne(stepRun: StepRun<TransactionStep>): Promise<void> {
  const { run, migration, step, ref } = stepRun;
  const { session, state, watcher } = run;
  let running: Statement | undefined;
  try {
    if (state.isDirty) await state.restore();
    await session.query(beginSql(stepRun));
    for (running of step.statements) {
      const { text } = running;
      await watcher.during(() => session.query(text));
    }
    running = undefined;
    await recordInTransaction(stepRun, { stepsDone: ref.number, isStepRunning: false });
    await session.query('commit');
  } catch (error) {
    await undo(stepRun);
    if (!isServerError(error)) throw error;
    if (running !== undefined) throw statementFailure(migration, running, error);
    // Deferred constraints are checked at commit, and belong to no one statement.
    const detail = error.detail === undefined ? '' : ` ${error.detail}`;
    throw stepFailure(stepRun, `at the end of the transaction: ${error.message}${detail}`, error);
  }
}

/** Leaves nothing that the next attempt would find: a rollback does not take back `prepare`. */
async function undo({ run, step }: StepRun<TransactionStep>): Promise<void> {
  const prepares = step.statements.some(({ tokens }) => isWord(tokens[0], 'prepare'));
  await run.session.settle(`rollback${prepares ? '; deallocate all' : ''}`).catch(() => {});
}
