import { isServerError } from '../database/client.ts';
import type { StandaloneStep } from '../migration.ts';
import type { Outcome } from './apply.ts';
import { recordAlone } from './record-progress.ts';
import { dropReindexRemains } from './reindex-remains.ts';
import { withRetries } from './retry.ts';
import type { StepRun } from './run.ts';
import { withSessionTimeouts } from './session-settings.ts';
import { statementFailure } from './statement-failure.ts';

/**
 * Runs one statement outside a transaction. That it was begun is recorded first: should nobody see
 * it end, the next run takes "does not exist" from a `drop … concurrently` for success.
 */
export async function runStandaloneStep(stepRun: StepRun<StandaloneStep>): Promise<Outcome> {
  const { ref, wasInterrupted } = stepRun;
  await recordAlone(stepRun, { stepsDone: ref.number - 1, isStepRunning: true, durationMs: 0 });
  return withRetries(stepRun, (attempt) =>
    attemptStandalone(stepRun, wasInterrupted || attempt > 1),
  );
}

async function attemptStandalone(
  stepRun: StepRun<StandaloneStep>,
  mayBeDone: boolean,
): Promise<Outcome> {
  const { run, migration, step, ref } = stepRun;
  const [statement] = step.statements;
  const { doneState, waitsPolitely } = step.traits;
  const timeouts =
    waitsPolitely === true
      ? { lock_timeout: 0, statement_timeout: 0 }
      : { lock_timeout: run.settings.lockTimeoutMs };
  const send = (text: string): Promise<unknown> =>
    withSessionTimeouts(stepRun, timeouts, () => run.watcher.during(() => run.session.query(text)));
  if (mayBeDone) await dropReindexRemains(stepRun);
  try {
    await send(statement.text).catch(async (error: unknown) => {
      // An interrupted detach leaves the partition half-way; only this form finishes it.
      const isHalfDetached =
        isServerError(error) && error.code === '55000' && doneState === '42P01';
      if (!isHalfDetached || !mayBeDone) throw error;
      await send(statement.text.replace(/concurrently$/i, 'finalize'));
    });
    // Those that stayed because somebody was building.
    if (mayBeDone) await dropReindexRemains(stepRun);
    return 'done';
  } catch (error) {
    if (!isServerError(error)) throw error;
    if (error.code === doneState) {
      if (mayBeDone) return 'present';
      // A plain mistake in the file must not look like an interruption to the next run.
      await recordAlone(stepRun, {
        stepsDone: ref.number - 1,
        isStepRunning: false,
        durationMs: 0,
      });
    }
    throw statementFailure(migration, statement, error);
  }
}
