import { findCommitting } from '../engine/find-committing.ts';
import { StalePlanError } from '../errors.ts';
import type { PendingMigration } from '../history/compare.ts';
import type { HistoryRow } from '../history/read-history.ts';
import type { Situation } from '../situation.ts';
import { parseFiles } from '../sources/parse-files.ts';
import { keyOf } from '../sources/source.ts';
import { hashPlan } from './hash.ts';
import type { PlanData, PlannedStep } from './plan.ts';
import { describeSteps } from './planned-step.ts';

/** As much of a plan as it is checked by. */
export type CheckedPlan = Pick<PlanData, 'hash' | 'steps'>;

/**
 * That nothing is pending is fine when the very same has been applied meanwhile: of several replicas
 * with one plan each, one works and the others find nothing to do.
 *
 * @throws StalePlanError when what is pending is not exactly what was planned.
 */
export async function assertPlanned(
  plan: CheckedPlan,
  pending: readonly PendingMigration[],
  rows: readonly HistoryRow[],
  situation: Situation,
): Promise<void> {
  if (hashPlan(pending) === plan.hash) return;
  if (pending.length === 0 && (await isDone(plan, rows, situation))) return;
  throw new StalePlanError(differences(plan, pending));
}

async function isDone(
  plan: CheckedPlan,
  rows: readonly HistoryRow[],
  { files, session }: Situation,
): Promise<boolean> {
  const planned = byMigration(plan.steps);
  const applied = new Set(rows.flatMap((row) => (row.appliedAt ? [keyOf(row)] : [])));
  const known = files.filter((file) => planned.has(keyOf(file)) && applied.has(keyOf(file)));
  if (known.length === 0 || known.length !== planned.size) return false;
  const migrations = await parseFiles(known, (some) => findCommitting(some, files, session));
  const before = migrations.map((migration) => {
    return { migration, stepsDone: stepsBefore(planned.get(keyOf(migration)) ?? []) };
  });
  return hashPlan(before) === plan.hash;
}

function differences(plan: CheckedPlan, pending: readonly PendingMigration[]): string[] {
  const planned = byMigration(plan.steps);
  const now = byMigration(pending.flatMap(describeSteps));
  const found: string[] = [];
  for (const [key, steps] of planned) {
    const file = fileOf(steps);
    const others = now.get(key);
    if (others === undefined) found.push(`${file} is not pending any more`);
    else if (stepsBefore(others) !== stepsBefore(steps)) {
      found.push(
        `${file} has ${stepsBefore(others)} steps done, and had ${stepsBefore(steps)} when it was planned`,
      );
    } else if (textOf(others) !== textOf(steps)) {
      found.push(`${file} says something else than when it was planned`);
    }
  }
  for (const [key, steps] of now) {
    if (!planned.has(key)) found.push(`${fileOf(steps)} is pending, and was not planned`);
  }
  if (found.length > 0) return found;
  return ['what is pending has another hash: a module or the order has changed, or the plan has'];
}

function byMigration(steps: readonly PlannedStep[]): ReadonlyMap<string, readonly PlannedStep[]> {
  return Map.groupBy(steps, ({ migration }) => keyOf(migration));
}

function fileOf([first]: readonly PlannedStep[]): string {
  return first?.migration.file ?? '';
}

function stepsBefore(steps: readonly PlannedStep[]): number {
  return (steps[0]?.number ?? 1) - 1;
}

function textOf(steps: readonly PlannedStep[]): string {
  return JSON.stringify(steps.map(({ kind, sql }) => [kind, sql]));
}
