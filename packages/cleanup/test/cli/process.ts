import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How a run of the program ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
/** Where a configuration of the usual name is. */
export const FIXTURES: string = fileURLToPath(new URL('fixtures/', import.meta.url));

/** Runs `ops-cleanup` in the folder of the fixtures to its end. */
export function runProcess(
  args: readonly string[],
  {
    env = {},
    cwd = FIXTURES,
    onStart,
    onStderr,
  }: {
    readonly env?: Record<string, string>;
    readonly cwd?: string;
    readonly onStart?: (child: ChildProcess) => void;
    readonly onStderr?: (text: string, child: ChildProcess) => void;
  } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    onStderr?.(text, child);
  });
  onStart?.(child);
  return new Promise((resolve) => {
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }));
  });
}
