import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';

const WIDTH = 20;

const GENERAL: Command['help'] = [
  [
    '--config FILE',
    'module that exports cleanup (default: ops.config.ts, .mts, .js or .mjs, in this folder)',
  ],
  ['--json', 'print one JSON object'],
  ['--help, -h', 'print this'],
];

const EXIT_CODES = `Exit codes: 0 drained, or nothing to be done · 1 error · 2 the command line or a file is wrong
  3 work remains · 4 refused · 130 interrupted (143 by SIGTERM)
`;

/** The help of the program, or of one command. */
export function helpText(command: Command | undefined): string {
  if (command === undefined) {
    const commands = COMMANDS.map(({ name, summary }) => row(name, summary)).join('');
    const general = [...GENERAL, ['--version', 'print the version'] as const];
    return `Data retention for PostgreSQL, from a shell or a cron job.

Usage: ops-cleanup <command> [options]

Commands:
${commands}
Options:
${rows(general)}
${EXIT_CODES}`;
  }
  const { usage, summary, details, help, exits } = command;
  const more = details === undefined ? '' : `${details}\n`;
  const first = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
  return `Usage: ${usage} [options]

${first}
${more}
Options:
${rows([...help, ...GENERAL])}
Exit codes: ${exits}
  2 the command line or a file is wrong · 130 interrupted (143 by SIGTERM)
`;
}

function rows(all: Command['help']): string {
  return all.map(([option, text]) => row(option, text)).join('');
}

function row(left: string, right: string): string {
  return `  ${left.padEnd(WIDTH)}${right}\n`;
}
