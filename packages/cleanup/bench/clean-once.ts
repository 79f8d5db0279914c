import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Done } from './measure.ts';
import type { CleanJob, CleanResult } from './programs/clean.ts';

/**
 * A cleanup in a process of its own. `mark` is called with `during` when it begins and with `after`
 * when it is done. Throws when it has failed or was refused.
 */
export async function cleanOnce(
  work: Omit<CleanJob, 'directory'>,
  mark: (phase: 'during' | 'after') => void,
): Promise<Done> {
  const directory = await mkdtemp(join(tmpdir(), 'ops-cleanup-bench-'));
  const remove = (): Promise<void> => rm(directory, { recursive: true });
  try {
    const clean = await runProgram({ ...work, directory }, mark);
    const { ms, deleted, cpuMs, walBytes } = clean;
    return { ms, deleted, cpuMs, walBytes, clean, directory, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function runProgram(
  job: CleanJob,
  mark: (phase: 'during' | 'after') => void,
): Promise<CleanResult> {
  const program = fileURLToPath(new URL('./programs/clean.ts', import.meta.url));
  const child = fork(program, [JSON.stringify(job)]);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  try {
    const result = await new Promise<CleanResult>((resolve, reject) => {
      child.on('message', (message: CleanResult | 'begins') => {
        if (message === 'begins') mark('during');
        else resolve(message);
      });
      void exited.then((code) => reject(new Error(`the cleanup ended with exit code ${code}`)));
    });
    mark('after');
    await exited;
    if (result.problem !== undefined) throw new Error(`${result.stopped}: ${result.problem}`);
    return result;
  } finally {
    child.kill('SIGKILL');
  }
}
