import { writeSync } from 'node:fs';

/**
 * Does the work and says on standard output, at the very end, what came of it and what it cost.
 *
 * @param {() => Promise<unknown>} work
 */
export async function finish(work) {
  /** @type {unknown} */
  let result;
  process.once('exit', () => {
    const { user, system } = process.cpuUsage();
    writeSync(1, JSON.stringify({ result, cpuMs: (user + system) / 1000 }));
  });
  try {
    result = await work();
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    writeSync(2, `${name}: ${message}`);
    process.exitCode = 1;
  }
}
