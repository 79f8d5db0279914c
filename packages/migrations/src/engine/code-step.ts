import type { CodeStep } from '../migration.ts';
import type { Outcome } from './apply.ts';
import { openCodeContext } from './code-context.ts';
import { asCodeFailure } from './code-failure.ts';
import { recordAlone, recordInTransaction } from './record-progress.ts';
import { withRetries } from './retry.ts';
import type { StepRun } from './run.ts';
import { withSessionTimeouts } from './session-settings.ts';
import { beginSql, delaysCommit } from './transaction-settings.ts';

/** Calls one function of a module, in a transaction with its record or outside of any. */
export async function runCodeStep(
  stepRun: StepRun<CodeStep>,
  elapsedMs: () => number,
): Promise<Outcome> {
  const { run, step, ref } = stepRun;
  if (step.isTransactional) {
    await withRetries(stepRun, () => attemptInTransaction(stepRun));
    if (delaysCommit(stepRun)) run.state.hasDelayedCommits = true;
    return 'done';
  }
  await recordAlone(stepRun, { stepsDone: ref.number - 1, isStepRunning: true, durationMs: 0 });
  await withRetries(stepRun, () => attemptAlone(stepRun));
  const durationMs = elapsedMs();
  await recordAlone(stepRun, { stepsDone: ref.number, isStepRunning: false, durationMs });
  return 'done';
}

async function attemptInTransaction(stepRun: StepRun<CodeStep>): Promise<void> {
  const { session } = stepRun.run;
  try {
    await session.query(beginSql(stepRun));
    await call(stepRun, 'inside');
    await recordInTransaction(stepRun, { stepsDone: stepRun.ref.number, isStepRunning: false });
    // Deferred constraints are checked here.
    await session.query('commit').catch((error: unknown) => {
      throw asCodeFailure(stepRun, error);
    });
  } catch (error) {
    // A rollback does not take back `prepare`, and the next attempt would meet it.
    await session.settle('rollback; deallocate all').catch(() => {});
    throw error;
  }
}

async function attemptAlone(stepRun: StepRun<CodeStep>): Promise<void> {
  const { session, settings } = stepRun.run;
  await withSessionTimeouts(stepRun, { lock_timeout: settings.lockTimeoutMs }, async () => {
    try {
      await call(stepRun, 'outside');
    } catch (error) {
      await session.settle('rollback').catch(() => {});
      throw error;
    }
  });
}

/** Calls the function, and makes sure that it leaves the transaction as it has found it. */
async function call(stepRun: StepRun<CodeStep>, where: 'inside' | 'outside'): Promise<void> {
  const { run, step } = stepRun;
  const context = openCodeContext(stepRun);
  try {
    await Promise.race([step.run(context.given), context.aborted]);
    const { rows } = await run.session.query<{ open: string }>(IS_OPEN_SQL);
    const isOpen = rows[0]?.open === 'yes';
    if (isOpen === (where === 'inside')) return;
    throw new Error(
      isOpen
        ? 'the function has left a transaction open, which was rolled back'
        : 'the function has ended its transaction; what it did is not recorded',
    );
  } catch (error) {
    throw asCodeFailure(stepRun, error);
  } finally {
    context.close();
  }
}

/** Only in a transaction is a statement younger than the transaction. */
const IS_OPEN_SQL = "select case when now() <> statement_timestamp() then 'yes' end as open";
