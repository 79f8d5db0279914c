import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How a run of the program ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
  /** Closes our end of its standard output, as `head` does. */
  hangUp(): void;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** For node itself. */
  readonly nodeArgs?: readonly string[] | undefined;
}

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Starts `ops-migrate` as a process, without a terminal and with no other environment than this. */
export function startProcess(
  args: readonly string[],
  { cwd, env = {}, nodeArgs = [] }: RunOptions,
): Running {
  const child = spawn(process.execPath, [...nodeArgs, MAIN, ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }));
  });
  return {
    ended,
    kill: (signal) => void child.kill(signal),
    hangUp: () => void child.stdout.destroy(),
  };
}

/** Runs it to its end. */
export function runProcess(args: readonly string[], options: RunOptions): Promise<Ended> {
  return startProcess(args, options).ended;
}

/** The lines of `--json`, each of which must be an object with a type. */
export function jsonLines(stdout: string): { type: string; [key: string]: unknown }[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { type: string });
}
