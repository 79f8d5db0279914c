import { type CommandLine, readCommandLine } from './arguments.ts';
import type { Ended, Environment } from './command.ts';
import { EXIT } from './exit-code.ts';
import { Interruption, listenForSignals, type SignalTarget } from './interruption.ts';
import { plainText } from './plain-text.ts';
import { createSecrets } from './secrets.ts';
import { UsageError } from './usage-error.ts';

/** What the program gets from the process that it runs in. */
export interface World {
  /** Without the program's name. */
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly process: SignalTarget;
}

/** Runs the program to its end. Prints nothing itself; never rejects. */
export async function runCli(world: World): Promise<Ended> {
  const { hide, hideWord, redact } = createSecrets();
  hideWord(world.env['PGPASSWORD'] ?? '');
  let ended: Ended;
  try {
    ended = await dispatch(world, readCommandLine(world.argv), hide);
  } catch (error) {
    ended = failed(error, world.argv.includes('--json'));
  }
  const { exitCode, stdout = '', stderr = '' } = ended;
  return { exitCode, stdout: redact(stdout), stderr: redact(stderr) };
}

async function dispatch(
  { env, process }: World,
  line: CommandLine,
  hide: (url: string) => void,
): Promise<Ended> {
  if (line.wants === 'version') {
    const { packageVersion } = await import('./version.ts');
    return { exitCode: EXIT.ok, stdout: `${packageVersion()}\n` };
  }
  if (line.wants === 'help') {
    const { helpText } = await import('./help.ts');
    return { exitCode: EXIT.ok, stdout: helpText(line.command?.name) };
  }
  const { command, args } = line;
  const { signal, stop } = listenForSignals(command.isInterruptible ? process : undefined);
  try {
    const { run } = await command.load();
    return await run({ args, env, signal, hide });
  } finally {
    stop();
  }
}

function failed(error: unknown, isJson: boolean): Ended {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const hint = error instanceof UsageError ? error.hint : undefined;
  const exitCode = exitCodeOf(error);
  if (isJson) {
    const facts = { exitCode, error: { name, code: codeOf(error), message, hint } };
    return { exitCode, stdout: `${plainText(JSON.stringify(facts))}\n` };
  }
  const lines = [`ops-health: ${message || name}`, ...(hint === undefined ? [] : [hint])];
  return { exitCode, stderr: lines.map((line) => `${plainText(line)}\n`).join('') };
}

function exitCodeOf(error: unknown): number {
  if (error instanceof Interruption) return error.exitCode;
  return error instanceof UsageError ? EXIT.usage : EXIT.failed;
}

/** What `CheckFailedError` says it means, or the error's own code. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const codes: readonly unknown[] = [Reflect.get(error, 'outcome'), Reflect.get(error, 'code')];
  return codes.find((code) => typeof code === 'string');
}
