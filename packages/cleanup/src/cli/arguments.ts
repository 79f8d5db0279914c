import { parseArgs } from 'node:util';
import { type Duration, toMilliseconds } from '@ops/timeout/check';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';
import { UsageError } from './usage-error.ts';

/** What was given to a command, by the names of options without dashes. */
export interface Arguments {
  readonly operands: readonly string[];
  has(name: string): boolean;
  text(name: string): string | undefined;
  /** Undefined when it was not given at all. */
  list(name: string): readonly string[] | undefined;
  /** As written, since a duration is passed on so. @throws UsageError */
  duration(name: string): Duration | undefined;
  /** A whole number, 1 or more. @throws UsageError */
  count(name: string): number | undefined;
}

/** A command line that was understood. */
export type CommandLine =
  | { readonly wants: 'version' }
  | { readonly wants: 'help'; readonly command: Command | undefined }
  | { readonly wants: 'run'; readonly command: Command; readonly args: Arguments };

const GENERAL = {
  config: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @throws UsageError */
export function readCommandLine([name, ...rest]: readonly string[]): CommandLine {
  if (name === '--version') return { wants: 'version' };
  if (name === '--help' || name === '-h' || name === 'help') {
    return { wants: 'help', command: COMMANDS.find((each) => each.name === rest[0]) };
  }
  const command = COMMANDS.find((each) => each.name === name);
  if (command === undefined) {
    const what = name === undefined ? 'A command is missing' : 'There is no such command';
    const names = COMMANDS.map((each) => each.name).join(', ');
    throw new UsageError(what, `Commands: ${names}. See ops-cleanup --help.`);
  }
  const end = rest.indexOf('--');
  const own = end < 0 ? rest : rest.slice(0, end);
  if (own.includes('--help') || own.includes('-h')) return { wants: 'help', command };
  return { wants: 'run', command, args: readArguments(command, rest) };
}

function readArguments(command: Command, argv: readonly string[]): Arguments {
  const { name, operands, usage } = command;
  const hint = `Usage: ${usage}. See ops-cleanup ${name} --help.`;
  const { values, positionals } = parsed(command, argv, hint);
  const missing = operands[positionals.length];
  if (missing !== undefined) throw new UsageError(`${name}: the ${missing} is missing`, hint);
  if (positionals.length > operands.length) throw new UsageError(`${name}: a word too many`, hint);
  const text = (option: string): string | undefined => {
    const value = values[option];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    operands: positionals,
    has: (option) => values[option] !== undefined,
    text,
    list(option) {
      const value = values[option];
      return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : undefined;
    },
    duration: (option) => readDuration(option, text(option)),
    count: (option) => readCount(option, text(option)),
  };
}

function parsed(
  { name, options }: Command,
  argv: readonly string[],
  hint: string,
): Pick<ReturnType<typeof parseArgs>, 'values' | 'positionals'> {
  try {
    const all = { ...GENERAL, ...options };
    return parseArgs({ args: [...argv], options: all, strict: true, allowPositionals: true });
  } catch (error) {
    const [, option] = /'(-[^' =]*)/.exec((error as Error).message) ?? [];
    const isUnknown = (error as { code?: unknown }).code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION';
    const problem = isUnknown ? 'there is no option' : 'a value is missing, or too much, for';
    throw new UsageError(`${name}: ${problem} ${option ?? 'that'}`, hint, { cause: error });
  }
}

/** With a unit: whether a bare 10 is seconds or milliseconds, everybody knows differently. */
function readDuration(option: string, text: string | undefined): Duration | undefined {
  if (text === undefined) return undefined;
  try {
    if (toMilliseconds(text as Duration) > 0) return text as Duration;
  } catch (error) {
    const message = `--${option}: expected a duration such as 90s, 20m or 2h`;
    throw new UsageError(message, undefined, { cause: error });
  }
  throw new UsageError(`--${option}: expected more than 0`);
}

function readCount(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new UsageError(`--${option}: expected a whole number, 1 or more`);
}
