import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';

/** Of the names of options, with the space behind them. */
const NAMES = 20;
/** Of a terminal that nobody has changed. */
const WIDTH = 80;

const GENERAL: Command['help'] = [
  [
    '--config FILE',
    'module that exports cleanup (default: ops.config.ts, .mts, .js or .mjs, in this folder)',
  ],
  ['--json', 'print one JSON object'],
  ['--help, -h', 'print this'],
];

const EXIT_CODES =
  'Exit codes: 0 drained, or nothing to be done · 1 error · 2 the command line or a file is wrong · 3 work remains · 4 refused · 130 interrupted (143 by SIGTERM)';

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
${paragraph(EXIT_CODES, 2)}
`;
  }
  const { usage, summary, details, help, exits } = command;
  const more = details === undefined ? '' : `${paragraph(details)}\n`;
  const first = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
  return `Usage: ${usage} [options]

${first}
${more}
Options:
${rows([...help, ...GENERAL])}
${paragraph(`Exit codes: ${exits} · 2 the command line or a file is wrong · 130 interrupted (143 by SIGTERM)`, 2)}
`;
}

function rows(all: Command['help']): string {
  return all.map(([option, text]) => row(option, text)).join('');
}

/** A name that is too long has a line of its own. */
function row(left: string, right: string): string {
  const indent = NAMES + 2;
  const text = paragraph(`${' '.repeat(indent)}${right}`, indent);
  if (left.length >= NAMES) return `  ${left}\n${text}\n`;
  return `  ${left.padEnd(NAMES)}${text.slice(indent)}\n`;
}

/** In lines that fit, the further ones so far to the right. */
function paragraph(text: string, indent = 0): string {
  const lines: string[] = [];
  let line = /^ */.exec(text)?.[0] ?? '';
  let isEmpty = true;
  for (const word of text.trim().split(/\s+/)) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = ' '.repeat(indent);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line].join('\n');
}
