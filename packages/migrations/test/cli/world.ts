import type { Writable } from '../../src/cli/output.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import type { Ended } from './process.ts';

/** What a run inside this process printed. */
export type Printed = Pick<Ended, 'exitCode' | 'stdout' | 'stderr'>;

/** Runs the program in this process, without signals. Folders have to be given: the working directory is ours. */
export async function runInside(
  argv: readonly string[],
  {
    env = {},
    isTTY = false,
    now = () => Date.parse('2025-02-01T12:30:00Z'),
  }: {
    readonly env?: Readonly<Record<string, string>>;
    readonly isTTY?: boolean;
    readonly now?: () => number;
  } = {},
): Promise<Printed> {
  const [out, err] = [memoryStream(isTTY), memoryStream(isTTY)];
  const process = { on() {}, off() {}, exit() {} };
  const exitCode = await runCli({ argv, env, stdout: out, stderr: err, process, now });
  return { exitCode, stdout: out.text(), stderr: err.text() };
}

/** Keeps what is written to it. */
export function memoryStream(isTTY: boolean): Writable & { text(): string } {
  let written = '';
  return {
    isTTY,
    columns: 80,
    write(text, done) {
      written += text;
      done?.();
    },
    on() {},
    off() {},
    text: () => written,
  };
}
