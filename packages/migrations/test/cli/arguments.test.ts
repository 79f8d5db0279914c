import { describe, expect, test } from 'vitest';
import { readCommandLine } from '../../src/cli/arguments.ts';
import { COMMANDS, optionsOf } from '../../src/cli/commands.ts';
import { UsageError } from '../../src/cli/usage-error.ts';

const COMMAND_NAMES = `Commands: ${COMMANDS.map(({ name }) => name).join(', ')}`;

function refusal(...argv: string[]): readonly [message: string, hint: string | undefined] {
  try {
    const { args } = readCommandLine(argv);
    args.duration('lock-wait');
    args.count('attempts', 1);
    args.choice('format', ['text', 'json', 'github', 'sarif']);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return [error.message, error.hint];
  }
  throw new Error('nothing was refused');
}

describe('readCommandLine', () => {
  test.each([
    { argv: ['up', '--to', '7', '--json'] },
    { argv: ['--json', '--to', '7', 'up'] },
    { argv: ['--to=7', 'up', '--json'] },
  ])('options may stand before and after the command: $argv', ({ argv }) => {
    const { command, args } = readCommandLine(argv);
    expect(command?.name).toBe('up');
    expect(args.text('to')).toBe('7');
    expect(args.has('json')).toBe(true);
    expect(args.operands).toEqual([]);
  });

  test('the value of an option is not taken for the command', () => {
    const { command, args } = readCommandLine(['--dir', 'up', '--dir', 'b', 'status']);
    expect(command?.name).toBe('status');
    expect(args.list('dir')).toEqual(['up', 'b']);
  });

  test.each([
    [['up', '--lok-wait', '3s'], 'there is no option --lok-wait', 'Did you mean --lock-wait?'],
    [['up', '--steps=3'], 'there is no option --steps', 'See ops-migrate up --help.'],
    [['up', '-x'], 'there is no option -x', 'See ops-migrate up --help.'],
    [['stauts'], "There is no command 'stauts'", 'Did you mean status?'],
    [['xyzzy'], "There is no command 'xyzzy'", COMMAND_NAMES],
    [['constructor'], "There is no command 'constructor'", COMMAND_NAMES],
    [['--verson'], 'there is no option --verson', 'Did you mean --version?'],
    [['up', '--to'], '--to needs a value: --to=VERSION', 'See ops-migrate up --help.'],
    [['up', '--to', '--json'], '--to needs a value', 'See ops-migrate up --help.'],
    [['up', '--json=yes'], '--json takes no value', 'See ops-migrate up --help.'],
    [['up', '7'], "'7' is too much", 'Usage: ops-migrate up'],
    [['baseline'], '<version> is missing', 'Usage: ops-migrate baseline <version>'],
    [['new', 'add', 'plans'], "'plans' is too much", 'Usage: ops-migrate new <name>'],
    [['up', '--lock-wait', '10'], "such as 250ms, 30s, 5m or 0, got '10'", undefined],
    [['up', '--attempts', '0'], "a whole number from 1, got '0'", undefined],
    [['up', '--attempts', '1e3'], "a whole number from 1, got '1e3'", undefined],
    [['lint', '--format', 'sraif'], "got 'sraif'", 'Did you mean sarif?'],
  ])('%j is refused', (argv, message, hint) => {
    expect(refusal(...argv)).toEqual([expect.stringContaining(message), hint]);
  });

  test('durations have a unit, and 0 needs none', () => {
    const { args } = readCommandLine(['up', '--lock-wait', '0', '--lock-timeout', '1.5s']);
    expect([args.duration('lock-wait'), args.duration('lock-timeout')]).toEqual([0, 1_500]);
    expect(args.duration('connect-timeout')).toBeUndefined();
  });

  test.each([
    [['up', '--nonsense', '--help'], 'up'],
    [['help', 'up'], 'up'],
    [['baseline', '-h'], 'baseline'],
    [['--help'], undefined],
    [[], undefined],
  ])('%j asks for help', (argv, name) => {
    const { wants, command } = readCommandLine(argv);
    expect([wants, command?.name]).toEqual(['help', name]);
  });

  test('no command has two options of one name', () => {
    for (const command of COMMANDS) {
      const names = optionsOf(command).map(({ name }) => name);
      expect(names).toEqual([...new Set(names)]);
    }
  });
});
