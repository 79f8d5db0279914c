import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** How a replica ended, and what it said. */
export interface Ended {
  readonly lines: readonly string[];
  readonly exitCode: number | null;
  readonly isKilled: boolean;
}

/** Runs one; `onLine` sees each line as it is said and may kill the process with SIGKILL. */
export async function runReplica(
  args: readonly string[],
  onLine: (line: string, kill: () => void) => void = () => {},
): Promise<Ended> {
  const script = fileURLToPath(new URL('./replica-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    onLine(line, () => child.kill('SIGKILL'));
  }
  await closed;
  return { lines, exitCode: child.exitCode, isKilled: child.signalCode === 'SIGKILL' };
}
