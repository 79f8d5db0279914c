import type { StepRun } from './run.ts';
import { fileHasSet } from './session-settings.ts';

/** Begins a transaction of a step under our settings, except where the file has its own. */
export function beginSql(stepRun: StepRun): string {
  const { lockTimeoutMs } = stepRun.run.settings;
  const parts = ['begin'];
  if (!fileHasSet(stepRun, 'lock_timeout')) {
    parts.push(`set local lock_timeout = ${lockTimeoutMs}`);
  }
  if (delaysCommit(stepRun)) parts.push('set local synchronous_commit = off');
  return parts.join('; ');
}

/**
 * Whether the transactions of a step commit before they are on disk. A crash of the server can then
 * take the last of them with it, together with their records, which are in the same transactions;
 * `up` waits for the disk once, at its end. Saves a tenth of the time of many small files and more on
 * slow disks.
 */
export function delaysCommit(stepRun: StepRun): boolean {
  return stepRun.run.state.mayDelayCommits && !fileHasSet(stepRun, 'synchronous_commit');
}
