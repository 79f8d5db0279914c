import type { Migration } from '../migration.ts';
import { isSessionSetting, setsSetting } from '../sql/classify.ts';
import { quoteLiteral } from '../sql/quote.ts';
import type { Statement } from '../sql/split.ts';
import type { StepRun } from './run.ts';

/** Whether a statement before this step has set `setting` for the session: the file's word holds. */
export function fileHasSet(
  { migration, ref }: Pick<StepRun, 'migration' | 'ref'>,
  setting: string,
): boolean {
  return statementsBefore(migration, ref.number - 1).some((each) => setsSetting(each, setting));
}

/** The statements of the first `stepCount` steps that last for the session. */
export function sessionSettingsBefore(migration: Migration, stepCount: number): Statement[] {
  return statementsBefore(migration, stepCount).filter(isSessionSetting);
}

function statementsBefore(migration: Migration, stepCount: number): Statement[] {
  return migration.steps.slice(0, stepCount).flatMap((step) => step.statements);
}

/** Timeouts for the time of `work`, in milliseconds, 0 for none. */
export interface SessionTimeouts {
  readonly lock_timeout: number;
  readonly statement_timeout?: number;
}

/**
 * Runs `work`, which cannot be in a transaction, under session-level timeouts, and puts back what
 * was there before. What the file has set itself is left alone.
 */
export async function withSessionTimeouts<T>(
  stepRun: StepRun,
  timeouts: SessionTimeouts,
  work: () => Promise<T>,
): Promise<T> {
  const { session } = stepRun.run;
  const wanted = Object.entries(timeouts).filter(([name]) => !fileHasSet(stepRun, name));
  if (wanted.length === 0) return work();
  const { rows } = await session.query<Record<string, string>>(
    `select ${wanted.map(([name]) => `current_setting('${name}') as ${name}`).join(', ')}`,
  );
  await session.query(setConfig(wanted.map(([name, ms]) => [name, String(ms)])));
  try {
    return await work();
  } finally {
    const before = wanted.map(([name]) => [name, rows[0]?.[name] ?? '0'] as const);
    await session.settle(setConfig(before)).catch(() => {});
  }
}

function setConfig(values: readonly (readonly [string, string])[]): string {
  const calls = values.map(
    ([name, value]) => `set_config('${name}', ${quoteLiteral(value)}, false)`,
  );
  return `select ${calls.join(', ')}`;
}
