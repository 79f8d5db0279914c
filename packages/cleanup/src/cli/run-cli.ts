import { type CommandLine, readCommandLine } from './arguments.ts';
import type { Outcome } from './command.ts';
import { errorMessage } from './error-message.ts';
import { EXIT } from './exit-code.ts';
import { Interruption, listenForSignals, type SignalTarget } from './interruption.ts';
import { createPaint } from './paint.ts';
import { plainText } from './plain-text.ts';
import { createProgress, silentProgress, type Terminal } from './progress.ts';
import { createRedact } from './secrets.ts';
import { UsageError } from './usage-error.ts';

/** What the program gets from the process that it runs in. */
export interface World {
  /** Without the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly process: SignalTarget;
  /** Whether what is printed at the end may have colours. */
  readonly hasColors: boolean;
  /** Width of the terminal that it is printed on; undefined when it is none. */
  readonly columns: number | undefined;
  /** Standard error. */
  readonly terminal: Terminal;
  /** Milliseconds, for how often progress is told. */
  now(): number;
}

/** How the program ends, and what it prints. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end. Writes only progress; never rejects. */
export async function runCli(world: World): Promise<Ended> {
  const isJson = world.argv.includes('--json');
  const redact = createRedact(world.env);
  const ended = await ranToEnd(world, isJson, redact);
  return { ...ended, stdout: redact(ended.stdout), stderr: redact(ended.stderr) };
}

async function ranToEnd(
  world: World,
  isJson: boolean,
  redact: (text: string) => string,
): Promise<Ended> {
  try {
    const outcome = await dispatch(world, readCommandLine(world.argv), isJson, redact);
    if (typeof outcome === 'string') return { exitCode: EXIT.ok, stdout: outcome, stderr: '' };
    const { exitCode = EXIT.ok, json, lines } = outcome;
    const stdout = isJson ? jsonLine({ exitCode, ...json }) : textOf(lines);
    return { exitCode, stdout, stderr: '' };
  } catch (error) {
    return failed(error, isJson);
  }
}

async function dispatch(
  world: World,
  line: CommandLine,
  isJson: boolean,
  redact: (text: string) => string,
): Promise<Outcome | string> {
  if (line.wants === 'version') {
    const { packageVersion } = await import('./version.ts');
    return `${packageVersion()}\n`;
  }
  if (line.wants === 'help') {
    const { helpText } = await import('./help.ts');
    return helpText(line.command);
  }
  const { env, hasColors, columns, terminal, now } = world;
  const isTold = !isJson && !line.args.has('quiet');
  const told = { ...terminal, write: (text: string) => terminal.write(redact(text)) };
  const progress = isTold ? createProgress(told, now) : silentProgress;
  const paint = createPaint(hasColors && !isJson);
  const { signal, stop } = listenForSignals(world.process);
  try {
    const { run } = await line.command.load();
    return await run({ args: line.args, env, signal, progress, paint, columns });
  } finally {
    progress.clear();
    stop();
  }
}

function failed(error: unknown, isJson: boolean): Ended {
  const name = error instanceof Error ? error.name : 'Error';
  const message = errorMessage(error);
  const code: unknown = Reflect.get(Object(error), 'code');
  const hint = error instanceof UsageError ? error.hint : undefined;
  const exitCode = exitCodeOf(error, code);
  if (isJson) {
    const facts = { name, code: typeof code === 'string' ? code : undefined, message, hint };
    return { exitCode, stdout: jsonLine({ exitCode, error: facts }), stderr: '' };
  }
  const lines = [`ops-cleanup: ${message}`, ...(hint === undefined ? [] : [hint])];
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
