import { isServerError } from '../database/client.ts';
import type { PendingMigration } from '../history/compare.ts';
import { refOf } from '../migration.ts';
import { runIndexStep } from './index-step.ts';
import { recordAlone } from './record-progress.ts';
import { type Run, type StepRun, stepRefOf } from './run.ts';
import { sessionSettingsBefore } from './session-settings.ts';
import { runStandaloneStep } from './standalone-step.ts';
import { statementFailure } from './statement-failure.ts';
import { runTransactionStep } from './transaction-step.ts';

/** Whether a step was run, or its effect was found to be there. */
export type Outcome = 'done' | 'present';

/**
 * Applies one file from where it stands, then brings the session back to its clean state.
 * Resolves to the milliseconds it took.
 */
export async function applyMigration(run: Run, pending: PendingMigration): Promise<number> {
  const { migration, stepsDone } = pending;
  const { clock } = run.settings;
  const startedAt = clock.monotonic();
  const stepCount = migration.steps.length;
  run.emit({ type: 'migration-started', migration: refOf(migration), stepCount, stepsDone });
  await repeatSessionSettings(run, pending);
  for (const [index, step] of migration.steps.entries()) {
    if (index < stepsDone) continue;
    const wasInterrupted = index === stepsDone && pending.wasInterrupted;
    await applyStep({ run, migration, step, ref: stepRefOf(migration, index), wasInterrupted });
  }
  // Nothing is left to do when the steps on which a file had failed were taken out of it.
  if (stepsDone === stepCount) {
    await recordAlone(run, { migration, stepsDone, isStepRunning: false, durationMs: 0 });
  }
  await run.state.restore();
  const durationMs = clock.monotonic() - startedAt;
  run.emit({ type: 'migration-finished', migration: refOf(migration), durationMs });
  return durationMs;
}

/** A `set search_path` in a step that is done still counts for the steps after it. */
async function repeatSessionSettings(run: Run, pending: PendingMigration): Promise<void> {
  const { migration, stepsDone } = pending;
  for (const statement of sessionSettingsBefore(migration, stepsDone)) {
    try {
      await run.session.query(statement.text);
    } catch (error) {
      throw isServerError(error) ? statementFailure(migration, statement, error) : error;
    }
  }
}

async function applyStep(stepRun: StepRun): Promise<void> {
  const { run, ref } = stepRun;
  const { clock } = run.settings;
  const migration = refOf(stepRun.migration);
  const startedAt = clock.monotonic();
  const elapsedMs = (): number => clock.monotonic() - startedAt;
  run.emit({ type: 'step-started', migration, step: ref });
  const outcome = await performStep(stepRun, elapsedMs);
  run.emit({ type: 'step-finished', migration, step: ref, outcome, durationMs: elapsedMs() });
}

async function performStep(stepRun: StepRun, elapsedMs: () => number): Promise<Outcome> {
  const { run, migration, step, ref } = stepRun;
  if (step.kind === 'transaction') {
    await runTransactionStep({ ...stepRun, step }, elapsedMs);
    return 'done';
  }
  const outcome =
    step.kind === 'index'
      ? await runIndexStep({ ...stepRun, step })
      : await runStandaloneStep({ ...stepRun, step });
  const done = { migration, stepsDone: ref.number, isStepRunning: false, durationMs: elapsedMs() };
  await recordAlone(run, done);
  return outcome;
}
