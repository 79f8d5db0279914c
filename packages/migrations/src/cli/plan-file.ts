import { readFileSync, writeFileSync } from 'node:fs';
import type { PlanData } from '../plan/plan.ts';
import { UsageError } from './usage-error.ts';

/** A plan as `plan --out` has written it. What it says, `up` checks. @throws UsageError */
export function readPlanFile(file: string | undefined): PlanData | undefined {
  if (file === undefined) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as PlanData;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `--plan: ${file} cannot be read as a plan (${code ?? message})`,
      'Make one: ops-migrate plan --out plan.json',
      { cause: error },
    );
  }
}

/** Over a plan that is there already: it is a result, not a source. @throws UsageError */
export function writePlanFile(file: string, plan: PlanData): void {
  try {
    writeFileSync(file, `${JSON.stringify(plan, undefined, 2)}\n`);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(`--out: ${file} cannot be written (${code ?? message})`, undefined, {
      cause: error,
    });
  }
}
