import { stepRefOf } from '../engine/run.ts';
import { refOf } from '../migration.ts';
import type { Planned } from './hash.ts';
import type { PlannedStep } from './plan.ts';

/** The steps of a migration that are left. */
export function describeSteps({ migration, stepsDone }: Planned): PlannedStep[] {
  return migration.steps.slice(stepsDone).map(({ statements }, index): PlannedStep => {
    const sql = statements.map(({ text }) => `${text};`).join('\n');
    return {
      ...stepRefOf(migration, stepsDone + index),
      migration: refOf(migration),
      sql: statements.length === 0 ? undefined : sql,
    };
  });
}
