import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';

const WIDTH = 26;

const GENERAL: Command['help'] = [
  [
    '--config FILE',
    'module that exports alerts (default: ops.config.ts, .mts, .js or .mjs, in this folder)',
  ],
  ['--json', 'print one JSON object'],
  ['--help, -h', 'print this'],
];

const EXIT_CODES = `Exit codes: 0 done · 1 it could not be done · 2 the command line or a file is wrong
  3 active: there are alerts · 130 interrupted (143 by SIGTERM)
`;

/** The help of the program, or of one command. */
export function helpText(command: Command | undefined): string {
  if (command === undefined) {
    const commands = COMMANDS.map(({ name, summary }) => row(name, summary)).join('');
    const general = [...GENERAL, ['--version', 'print the version'] as const];
    return `Alerts of a service, from a shell or a cron job.

Usage: ops-alerts <command> [options]

Commands:
${commands}
Options:
${rows(general)}
${EXIT_CODES}`;
  }
  const { usage, summary, details, help } = command;
  const more = details === undefined ? '' : `${details}\n`;
  const first = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
  return `Usage: ${usage} [options]

${first}
${more}
Options:
${rows([...help, ...GENERAL])}
${EXIT_CODES}`;
}

function rows(all: Command['help']): string {
  return all.map(([option, text]) => row(option, text)).join('');
}

function row(left: string, right: string): string {
  return `  ${left.padEnd(WIDTH)}${right}\n`;
}
