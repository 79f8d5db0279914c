import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { type Duration, toMilliseconds } from '@ops/timeout/check';
import type { Command, OptionSpec } from './command.ts';
import { COMMANDS, GENERAL_OPTIONS, optionsOf } from './commands.ts';
import { suggest } from './suggest.ts';
import { UsageError } from './usage-error.ts';

/** The values of one command line, by the names of options without dashes. */
export interface Arguments {
  /** What is not an option, without the name of the command. */
  readonly operands: readonly string[];
  has(name: string): boolean;
  text(name: string): string | undefined;
  list(name: string): readonly string[];
  /** Milliseconds. @throws UsageError */
  duration(name: string): number | undefined;
  /** A whole number. @throws UsageError */
  count(name: string, min: number): number | undefined;
  /** @throws UsageError */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined;
}

/** A command line that was understood so far. */
export interface CommandLine {
  /** Undefined when only `--help` or `--version` was given. */
  readonly command: Command | undefined;
  readonly wants: 'run' | 'help' | 'version';
  readonly args: Arguments;
}

/**
 * Reads what follows the program's name. Options may stand before the name of the command.
 *
 * @throws UsageError with a suggestion where something known is close.
 */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const { name, at } = findCommandName(argv);
  if (name === undefined) {
    const top = [...GENERAL_OPTIONS, { name: 'version', summary: '' }];
    const args = parse(argv, top, 'ops-migrate');
    if (args.has('version')) return { command: undefined, wants: 'version', args };
    return { command: undefined, wants: 'help', args };
  }
  const rest = argv.filter((_, index) => index !== at);
  if (name === 'help') {
    const [about] = rest.filter((word) => !word.startsWith('-'));
    const command = about === undefined ? undefined : commandNamed(about);
    return { command, wants: 'help', args: argumentsOf({}, []) };
  }
  const command = commandNamed(name);
  // Whatever else is on the line: somebody who asks for help may not know better yet.
  if (rest.includes('--help') || rest.includes('-h')) {
    return { command, wants: 'help', args: argumentsOf({}, []) };
  }
  const args = parse(rest, optionsOf(command), `ops-migrate ${command.name}`);
  checkOperands(command, args.operands);
  return { command, wants: 'run', args };
}

/** The first word that is neither an option nor the value of one. */
function findCommandName(argv: readonly string[]): { name: string | undefined; at: number } {
  const options = configOf(COMMANDS.flatMap(optionsOf));
  const { tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const first = tokens.find((token) => token.kind === 'positional');
  return { name: first?.value, at: first?.index ?? -1 };
}

function commandNamed(name: string): Command {
  const command = COMMANDS.find((each) => each.name === name);
  if (command !== undefined) return command;
  const names = COMMANDS.map((each) => each.name);
  throw new UsageError(
    `There is no command '${name}'`,
    didYouMean(suggest(name, names)) ?? `Commands: ${names.join(', ')}`,
  );
}

function parse(argv: readonly string[], specs: readonly OptionSpec[], what: string): Arguments {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: configOf(specs),
      strict: true,
      allowPositionals: true,
    });
    return argumentsOf(values, positionals);
  } catch (error) {
    throw usageErrorOf(error as NodeJS.ErrnoException, specs, what);
  }
}

function configOf(specs: readonly OptionSpec[]): ParseArgsOptionsConfig {
  return Object.fromEntries(
    specs.map(({ name, value, isList }) => [
      name,
      {
        type: value === undefined ? 'boolean' : 'string',
        multiple: isList === true,
        ...(name === 'help' ? { short: 'h' } : {}),
      },
    ]),
  );
}

function usageErrorOf(
  error: NodeJS.ErrnoException,
  specs: readonly OptionSpec[],
  what: string,
): UsageError {
  const [, option] = /'(-[^' =]*)/.exec(error.message) ?? [];
  const help = `See ${what} --help.`;
  if (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' && option !== undefined) {
    const names = specs.map(({ name }) => `--${name}`);
    const hint = didYouMean(suggest(option, names)) ?? help;
    return new UsageError(`${what}: there is no option ${option}`, hint, { cause: error });
  }
  const spec = specs.find(({ name }) => `--${name}` === option);
  if (spec === undefined)
    return new UsageError(`${what}: ${error.message}`, help, { cause: error });
  const problem =
    spec.value === undefined ? 'takes no value' : `needs a value: --${spec.name}=${spec.value}`;
  return new UsageError(`${what}: --${spec.name} ${problem}`, help, { cause: error });
}

function didYouMean(word: string | undefined): string | undefined {
  return word === undefined ? undefined : `Did you mean ${word}?`;
}

function checkOperands({ name, operands }: Command, given: readonly string[]): void {
  const help = `Usage: ops-migrate ${name}${operands === '' ? '' : ` ${operands}`}`;
  if (operands.startsWith('<') && given[0] === undefined) {
    throw new UsageError(`ops-migrate ${name}: ${operands} is missing`, help);
  }
  const most = operands === '' ? 0 : operands.includes('…') ? Infinity : 1;
  const extra = given[most];
  if (extra !== undefined)
    throw new UsageError(`ops-migrate ${name}: '${extra}' is too much`, help);
}

type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

function argumentsOf(values: Values, operands: readonly string[]): Arguments {
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    operands,
    has: (name) => values[name] !== undefined,
    text,
    list(name) {
      const value = values[name];
      return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
    },
    duration(name) {
      const value = text(name);
      return value === undefined ? undefined : readDuration(name, value);
    },
    count(name, min) {
      const value = text(name);
      if (value === undefined) return undefined;
      const count = /^\d{1,9}$/.test(value) ? Number(value) : -1;
      if (count >= min) return count;
      throw new UsageError(`--${name}: expected a whole number from ${min}, got '${value}'`);
    },
    choice(name, choices) {
      const value = text(name);
      const chosen = choices.find((choice) => choice === value);
      if (value === undefined || chosen !== undefined) return chosen;
      throw new UsageError(
        `--${name}: expected ${choices.join(', ')}, got '${value}'`,
        didYouMean(suggest(value, choices)),
      );
    },
  };
}

/** With a unit: whether a bare 10 is seconds or milliseconds, everybody knows differently. */
function readDuration(name: string, text: string): number {
  try {
    return text === '0' ? 0 : toMilliseconds(text as Duration);
  } catch (error) {
    const message = `--${name}: expected a duration such as 250ms, 30s, 5m or 0, got '${text}'`;
    throw new UsageError(message, undefined, { cause: error });
  }
}
