import type { PendingMigration } from '../history/compare.ts';
import type { Step } from '../migration.ts';
import { type Run, type StepRun, stepRefOf } from './run.ts';

/** What is to be run of a migration: its up part, or its down part. */
export interface Work extends PendingMigration {
  readonly direction: 'up' | 'down';
  /** The statement that records how far it has got. */
  readonly recordSql: StepRun['recordSql'];
}

/** The up part. */
export function workOf({ history }: Run, pending: PendingMigration): Work {
  const { migration } = pending;
  const recordSql: Work['recordSql'] = (progress) => history.recordSql({ ...progress, migration });
  return { ...pending, direction: 'up', recordSql };
}

/** One step of it, by its index. */
export function stepRunOf(run: Run, work: Work, index: number): StepRun {
  const { migration, stepsDone, recordSql } = work;
  const isResumed = index === stepsDone;
  return {
    run,
    migration,
    step: migration.steps[index] as Step,
    ref: stepRefOf(migration, index),
    wasInterrupted: isResumed && work.wasInterrupted,
    position: isResumed ? work.position : undefined,
    recordSql,
  };
}
