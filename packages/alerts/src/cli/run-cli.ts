import { redactSecrets } from '../redact.ts';
import { type CommandLine, readCommandLine } from './arguments.ts';
import type { Outcome } from './command.ts';
import { EXIT } from './exit-code.ts';
import { Interruption, listenForSignals, type SignalTarget } from './interruption.ts';
import { plainText } from './plain-text.ts';
import { UsageError } from './usage-error.ts';

/** What the program gets from the process that it runs in. */
export interface World {
  /** Without the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly process: SignalTarget;
  /** Shows what takes long, in place of what it showed before; empty: nothing. */
  progress(text: string): void;
}

/** How the program ends, and what it prints. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end. Prints only progress; never rejects. */
export async function runCli(world: World): Promise<Ended> {
  const isJson = world.argv.includes('--json');
  try {
    const outcome = await dispatch(world, readCommandLine(world.argv));
    if (typeof outcome === 'string') return { exitCode: EXIT.ok, stdout: outcome, stderr: '' };
    const { exitCode = EXIT.ok, json, lines } = outcome;
    const stdout = isJson ? jsonLine({ exitCode, ...json }) : textOf(lines);
    return { exitCode, stdout, stderr: '' };
  } catch (error) {
    return failed(error, isJson);
  }
}

async function dispatch(world: World, line: CommandLine): Promise<Outcome | string> {
  if (line.wants === 'version') {
    const { packageVersion } = await import('./version.ts');
    return `${packageVersion()}\n`;
  }
  if (line.wants === 'help') {
    const { helpText } = await import('./help.ts');
    return helpText(line.command);
  }
  const { signal, stop } = listenForSignals(world.process);
  const { env, progress } = world;
  try {
    const { run } = await line.command.load();
    return await run({ args: line.args, env, signal, progress });
  } finally {
    progress('');
    stop();
  }
}

function failed(error: unknown, isJson: boolean): Ended {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const code: unknown = Reflect.get(Object(error), 'code');
  const hint = error instanceof UsageError ? error.hint : undefined;
  const exitCode = exitCodeOf(error, code);
  const told = redactSecrets(message || name);
  if (isJson) {
    const facts = { name, code: typeof code === 'string' ? code : undefined, message: told, hint };
    return { exitCode, stdout: jsonLine({ exitCode, error: facts }), stderr: '' };
  }
  const lines = [`ops-alerts: ${told}`, ...(hint === undefined ? [] : [hint])];
  return { exitCode, stdout: '', stderr: textOf(lines.map(plainText)) };
}

/** By the code, not the class: the configuration may have brought a second copy of a package. */
function exitCodeOf(error: unknown, code: unknown): number {
  if (error instanceof Interruption) return error.exitCode;
  const isUsage = error instanceof UsageError || code === 'ERR_OPS_INVALID_OPTIONS';
  return isUsage ? EXIT.usage : EXIT.failed;
}

function jsonLine(value: object): string {
  return `${plainText(JSON.stringify(value))}\n`;
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
