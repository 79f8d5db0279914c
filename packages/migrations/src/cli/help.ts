import type { Command, OptionSpec } from './command.ts';
import { COMMANDS, optionGroupsOf } from './commands.ts';

/** Exit codes and what they mean, for the help. */
const EXIT_CODES =
  'Exit codes: 0 ok · 1 failed · 2 usage · 3 pending · 4 drift or order · 5 lock · 6 lint · 130 interrupted';
const WIDTH = 96;

/** The help of the program, or of one command. */
export function helpText(command: Command | undefined): string {
  return command === undefined ? programHelp() : commandHelp(command);
}

function programHelp(): string {
  const commands = COMMANDS.map(({ name, operands, summary }): readonly [string, string] => {
    return [operands === '' ? name : `${name} ${operands}`, summary];
  });
  return [
    'Plain SQL migrations for PostgreSQL, safe on a busy database.',
    'Usage: ops-migrate <command> [options]',
    section('Commands', commands),
    section('Options', [
      ['--help, -h', 'help, also of a command: ops-migrate up --help'],
      ['--version', 'print the version'],
    ]),
    `${wrap(EXIT_CODES, WIDTH).join('\n')}\n`,
  ].join('\n\n');
}

function commandHelp(command: Command): string {
  const { name, operands, summary, details } = command;
  const usage = ['ops-migrate', name, operands, '[options]'].filter((word) => word !== '');
  const about = `${capital(summary)}.${details === undefined ? '' : ` ${details}`}`;
  return [
    `Usage: ${usage.join(' ')}`,
    wrap(about, WIDTH).join('\n'),
    ...optionGroupsOf(command).flatMap(([title, options]) => {
      return options.length === 0 ? [] : [section(title, options.map(optionRow))];
    }),
    `${wrap(EXIT_CODES, WIDTH).join('\n')}\n`,
  ].join('\n\n');
}

function optionRow({ name, value, isList, summary }: OptionSpec): readonly [string, string] {
  const written = value === undefined ? `--${name}` : `--${name} ${value}`;
  return [written, isList === true ? `${summary}; may be repeated` : summary];
}

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  const lines = rows.flatMap(([left, right]) =>
    wrap(right, WIDTH - width - 4).map((line, at) => {
      return `  ${(at === 0 ? left : '').padEnd(width)}  ${line}`;
    }),
  );
  return `${title}:\n${lines.join('\n')}`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
