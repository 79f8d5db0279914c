import { parseArgs } from 'node:util';
import { type Duration, toMilliseconds } from '@ops/timeout/check';
import { COMMANDS, type Command } from './command.ts';
import { UsageError } from './usage-error.ts';

/** What was given to one command, by the names of options without dashes. */
export interface Arguments {
  /** What is not an option, without the name of the command. */
  readonly operands: readonly string[];
  has(name: string): boolean;
  text(name: string): string | undefined;
  list(name: string): readonly string[];
  /** Milliseconds, more than 0. @throws UsageError */
  duration(name: string): number | undefined;
}

/** A command line that was understood. */
export type CommandLine =
  | { readonly wants: 'version' }
  | { readonly wants: 'help'; readonly command: Command | undefined }
  | { readonly wants: 'run'; readonly command: Command; readonly args: Arguments };

/**
 * Reads what follows the program's name: the command first, then its options.
 *
 * @throws UsageError
 */
export function readCommandLine([name, ...rest]: readonly string[]): CommandLine {
  if (name === '--version') return { wants: 'version' };
  if (name === '--help' || name === '-h' || name === 'help') {
    return { wants: 'help', command: COMMANDS.find((each) => each.name === rest[0]) };
  }
  const command = COMMANDS.find((each) => each.name === name);
  if (command === undefined) {
    const what = name === undefined ? 'A command is missing' : 'There is no such command';
    throw new UsageError(what, 'Commands: check, doctor. See ops-health --help.');
  }
  // Whatever else is on the line: somebody who asks for help may not know better yet.
  if (rest.includes('--help') || rest.includes('-h')) return { wants: 'help', command };
  return { wants: 'run', command, args: parse(command, rest) };
}

function parse(command: Command, argv: readonly string[]): Arguments {
  const { name, operandCount, options, usage } = command;
  const hint = `Usage: ${usage}. See ops-health ${name} --help.`;
  const { values, positionals } = parsed(command, argv, hint);
  if (positionals.length !== operandCount) {
    const problem =
      positionals.length < operandCount ? 'the URL is missing' : 'a word too many (not shown here)';
    throw new UsageError(`${name}: ${problem}`, hint);
  }
  const text = (option: string): string | undefined => {
    const value = values[option];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    operands: positionals,
    has: (option) => option in options && values[option] !== undefined,
    text,
    list(option) {
      const value = values[option];
      return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
    },
    duration(option) {
      const value = text(option);
      return value === undefined ? undefined : readDuration(option, value);
    },
  };
}

function parsed(
  { name, options }: Command,
  argv: readonly string[],
  hint: string,
): Pick<ReturnType<typeof parseArgs>, 'values' | 'positionals'> {
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: true });
  } catch (error) {
    // Names an option, and never its value.
    const [, option] = /'(-[^' =]*)/.exec((error as Error).message) ?? [];
    const isUnknown = (error as { code?: unknown }).code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION';
    const problem = isUnknown ? 'there is no option' : 'a value is missing, or too much, for';
    throw new UsageError(`${name}: ${problem} ${option ?? 'that'}`, hint, { cause: error });
  }
}

/** With a unit: whether a bare 10 is seconds or milliseconds, everybody knows differently. */
function readDuration(option: string, text: string): number {
  let ms = 0;
  try {
    ms = toMilliseconds(text as Duration);
  } catch (error) {
    const message = `--${option}: expected a duration such as 500ms, 5s or 1m`;
    throw new UsageError(message, undefined, { cause: error });
  }
  if (ms > 0) return ms;
  throw new UsageError(`--${option}: expected more than 0`);
}
