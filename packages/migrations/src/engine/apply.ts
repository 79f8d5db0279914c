import { isServerError } from '../database/client.ts';
import type { PendingMigration } from '../history/compare.ts';
import { refOf } from '../migration.ts';
import { runBackfillStep } from './backfill-step.ts';
import { runCodeStep } from './code-step.ts';
import { runIndexStep } from './index-step.ts';
import { recordAlone } from './record-progress.ts';
import type { Run, StepRun } from './run.ts';
import { sessionSettingsBefore } from './session-settings.ts';
import { runStandaloneStep } from './standalone-step.ts';
import { statementFailure } from './statement-failure.ts';
import { runTransactionStep } from './transaction-step.ts';
import { stepRunOf, type Work, workOf } from './work.ts';

/** Whether a step was run, or its effect was found to be there. */
export type Outcome = 'done' | 'present';

/** Applies one file from where it stands. Resolves to the milliseconds it took. */
export async function applyMigration(run: Run, pending: PendingMigration): Promise<number> {
  return performSteps(run, workOf(run, pending));
}

/** Runs the steps that are left, in a session that nothing else has left traces in. */
export async function performSteps(run: Run, work: Work): Promise<number> {
  const { migration, stepsDone, direction } = work;
  const { clock } = run.settings;
  const startedAt = clock.monotonic();
  const stepCount = migration.steps.length;
  const ref = refOf(migration);
  run.emit({ type: 'migration-started', migration: ref, direction, stepCount, stepsDone });
  if (stepsDone > 0) await repeatSessionSettings(run, work);
  for (let index = stepsDone; index < stepCount; index += 1) {
    await performStep(stepRunOf(run, work, index));
  }
  // Nothing is left to do when the steps on which a file had failed were taken out of it.
  if (stepsDone === stepCount) {
    const last = stepRunOf(run, work, stepCount - 1);
    await recordAlone(last, { stepsDone, isStepRunning: false, durationMs: 0 });
  }
  run.state.isDirty = true;
  const durationMs = clock.monotonic() - startedAt;
  run.emit({ type: 'migration-finished', migration: ref, direction, durationMs });
  return durationMs;
}

/** A `set search_path` in a step that is done still counts for the steps after it. */
async function repeatSessionSettings(run: Run, work: Work): Promise<void> {
  const { migration, stepsDone } = work;
  if (run.state.isDirty) await run.state.restore();
  for (const statement of sessionSettingsBefore(migration, stepsDone)) {
    try {
      await run.session.query(statement.text);
    } catch (error) {
      throw isServerError(error) ? statementFailure(migration, statement, error) : error;
    }
  }
}

async function performStep(stepRun: StepRun): Promise<void> {
  const { run, ref } = stepRun;
  const { clock } = run.settings;
  const migration = refOf(stepRun.migration);
  const startedAt = clock.monotonic();
  const elapsedMs = (): number => clock.monotonic() - startedAt;
  run.emit({ type: 'step-started', migration, step: ref });
  const outcome = await dispatch(stepRun, elapsedMs);
  run.emit({ type: 'step-finished', migration, step: ref, outcome, durationMs: elapsedMs() });
}

/** Those that run in transactions record themselves in them. */
async function dispatch(stepRun: StepRun, elapsedMs: () => number): Promise<Outcome> {
  const { run, step, ref } = stepRun;
  if (step.kind === 'transaction') {
    await runTransactionStep({ ...stepRun, step });
    return 'done';
  }
  if (run.state.isDirty) await run.state.restore();
  if (step.kind === 'code') return runCodeStep({ ...stepRun, step }, elapsedMs);
  if (step.kind === 'backfill') return runBackfillStep({ ...stepRun, step });
  const outcome =
    step.kind === 'index'
      ? await runIndexStep({ ...stepRun, step })
      : await runStandaloneStep({ ...stepRun, step });
  const durationMs = elapsedMs();
  await recordAlone(stepRun, { stepsDone: ref.number, isStepRunning: false, durationMs });
  return outcome;
}
