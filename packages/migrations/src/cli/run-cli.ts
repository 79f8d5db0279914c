import { type CommandLine, readCommandLine } from './arguments.ts';
import type { Command, CommandContext, Outcome } from './command.ts';
import { type Environment, URL_VARIABLES } from './environment.ts';
import { errorJson, errorLines } from './error-lines.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import { Interruption, listenForSignals, type SignalTarget } from './interrupt.ts';
import { styled } from './line.ts';
import { createLiveReport, type LiveReport } from './live-report.ts';
import { createOutput, type Output, type Writable } from './output.ts';
import { createRedactor } from './redact.ts';

/** What the program gets from the process that it runs in. */
export interface World {
  /** Without the program's name. */
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly process: SignalTarget;
  /** Milliseconds since 1970. */
  now(): number;
}

/** Runs the program. Resolves to its exit code when all is written; never rejects. */
export async function runCli(world: World): Promise<number> {
  const { argv, env, stdout, stderr } = world;
  const isJson = argv.includes('--json');
  const { redact, hide, hideWord } = createRedactor();
  for (const url of connectionsOf(world)) hide(url);
  hideWord(env['PGPASSWORD'] ?? '');
  const output = createOutput({ stdout, stderr, isJson, env, redact });
  const exitCode = await dispatch(world, output, hide);
  await output.end();
  return exitCode;
}

async function dispatch(
  world: World,
  output: Output,
  hide: (url: string) => void,
): Promise<number> {
  let line: CommandLine;
  try {
    line = readCommandLine(world.argv);
  } catch (error) {
    return fail(error, { output, name: null, verbose: false });
  }
  const { wants, command } = line;
  if (wants === 'version') {
    const { packageVersion } = await import('./version.ts');
    return told(output, `${packageVersion()}\n`, EXIT.ok);
  }
  if (wants === 'help' || command === undefined) {
    const { helpText } = await import('./help.ts');
    const isAsked = world.argv.length > 0;
    return told(output, helpText(command), isAsked ? EXIT.ok : EXIT.usage);
  }
  return runCommand(world, { ...line, command }, { output, hide });
}

async function runCommand(
  world: World,
  { command, args }: CommandLine & { readonly command: Command },
  { output, hide }: Pick<CommandContext, 'output' | 'hide'>,
): Promise<number> {
  const { env, now } = world;
  const live = createLiveReport(output, {
    direction: command.name === 'down' ? 'down' : 'up',
    now,
  });
  // What cannot be aborted has to end by the signal itself.
  const isAbortable = command.needs.includes('connection');
  const { signal, stop } = isAbortable
    ? listenForSignals(world.process, () => {
        output.warn(['Stopping; a second time ends at once.']);
      })
    : { signal: new AbortController().signal, stop: (): void => {} };
  try {
    const { run } = await command.load();
    const outcome = await run({ args, env, output, live, signal, hide, now });
    return show(outcome, command.name, output);
  } catch (error) {
    const reason: unknown = signal.reason;
    if (signal.aborted && reason instanceof Interruption) {
      return interrupted(reason, error, { output, live, name: command.name });
    }
    live.failed();
    return fail(error, { output, name: command.name, verbose: args.has('verbose') });
  } finally {
    stop();
  }
}

function show(outcome: Outcome, name: string, output: Output): number {
  const { exitCode = EXIT.ok, summary, items = [], lines = [], text } = outcome;
  for (const item of items) output.json(item);
  output.json({ type: 'summary', command: name, exitCode, ...summary });
  if (text === undefined) output.print(lines);
  else if (!output.isJson) output.raw(text);
  return exitCode;
}

interface Failing {
  readonly output: Output;
  /** Of the command. Null when there is none. */
  readonly name: string | null;
  readonly verbose: boolean;
}

function fail(error: unknown, { output, name, verbose }: Failing): number {
  const exitCode = exitCodeOf(error);
  output.warn(errorLines(error, { verbose }));
  output.json({ type: 'summary', command: name, exitCode, error: errorJson(error) });
  return exitCode;
}

/** Whether the statement was cancelled or the connection had to be cut, what is done is recorded. */
function interrupted(
  reason: Interruption,
  error: unknown,
  {
    output,
    live,
    name,
  }: { readonly output: Output; readonly live: LiveReport; readonly name: string },
): number {
  const wasInFile = live.failed();
  if (error !== reason) output.warn(errorLines(error));
  const text = ` ${reason.message}. What ran was cancelled and rolled back; no lock is left.`;
  output.warn([[styled('yellow', '!'), text]]);
  if (wasInFile) {
    output.warn(['  What was done before it is recorded; the same command goes on from there.']);
  }
  const { exitCode } = reason;
  output.json({ type: 'summary', command: name, exitCode, error: errorJson(error) });
  return exitCode;
}

function told(output: Output, text: string, exitCode: number): number {
  output.raw(text);
  return exitCode;
}

/** Every URL that the program may come to use, to keep their passwords out of what it prints. */
function connectionsOf({ argv, env }: World): string[] {
  const inArguments = argv.flatMap((word, at) => {
    if (word.startsWith('--database-url=')) return [word.slice('--database-url='.length)];
    return argv[at - 1] === '--database-url' ? [word] : [];
  });
  const inVariables = URL_VARIABLES.map((name) => env[name]);
  return [...inArguments, ...inVariables].flatMap((url) =>
    url === undefined || url === '' ? [] : [url],
  );
}
