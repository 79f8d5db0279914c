import { spawn } from 'node:child_process';

/** How a program ended, and what it printed on both streams. */
export interface ProgramEnd {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Runs a program to its end. */
export function runProgram(
  binary: string,
  args: readonly string[],
  input = '',
): Promise<ProgramEnd> {
  const child = spawn(binary, args, { timeout: 10_000 });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output }));
  });
}
