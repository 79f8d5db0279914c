import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

let ticksPerSecond = 0;

/** Of processes of this machine, user and system, in milliseconds; not a number where /proc is missing. */
export function cpuMsOf(pids: readonly number[]): number {
  try {
    ticksPerSecond ||= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
    return pids.reduce((sum, pid) => sum + (ticksOf(pid) * 1_000) / ticksPerSecond, 0);
  } catch {
    return Number.NaN;
  }
}

function ticksOf(pid: number): number {
  // Behind the name, which may hold blanks: utime and stime are the 12th and 13th.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}
