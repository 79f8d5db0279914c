import type { Command } from './command.ts';

const text = { type: 'string' } as const;
const many = { type: 'string', multiple: true } as const;

/** In the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'test',
    summary: 'send a test message to a channel',
    usage: 'ops-alerts test <channel>',
    operands: ['channel'],
    options: {},
    help: [],
    details: 'Exits with 1 when it was not delivered.',
    load: () => import('./commands/test.ts'),
  },
  {
    name: 'active',
    summary: 'list the alerts that have not ended; exits with 3 when there are any',
    usage: 'ops-alerts active',
    operands: [],
    options: {},
    help: [],
    load: () => import('./commands/active.ts'),
  },
  {
    name: 'silence',
    summary: 'tell nobody of some alerts for a time, or list and end silences',
    usage: 'ops-alerts silence --rule NAME --for DURATION --by NAME --reason TEXT',
    operands: [],
    options: {
      rule: many,
      severity: many,
      label: many,
      for: text,
      by: text,
      reason: text,
      end: text,
      list: { type: 'boolean' },
      all: { type: 'boolean' },
    },
    help: [
      ['--rule NAME', 'alerts of this rule; may be repeated'],
      ['--severity NAME', 'low, medium, high or critical; may be repeated'],
      ['--label NAME=VALUE', 'alerts with this label; may be repeated'],
      ['--all', 'every alert, in place of the three above'],
      ['--for DURATION', 'how long, such as 30m, 2h or 1d'],
      ['--by NAME', 'who says so (default: USER)'],
      ['--reason TEXT', 'why'],
      ['--end ID', 'end this silence now'],
      ['--list', 'list the silences'],
    ],
    load: () => import('./commands/silence.ts'),
  },
  {
    name: 'ack',
    summary: 'take charge of an alert: no repeats, no escalation',
    usage: 'ops-alerts ack <id> --by NAME',
    operands: ['id'],
    options: { by: text, note: text },
    help: [
      ['--by NAME', 'who takes charge (default: USER)'],
      ['--note TEXT', 'what others should know'],
    ],
    load: () => import('./commands/ack.ts'),
  },
  {
    name: 'history',
    summary: 'list alerts, also those that have ended',
    usage: 'ops-alerts history --since DURATION',
    operands: [],
    options: { since: text, rule: text, limit: text },
    help: [
      ['--since DURATION', 'how far back (default: 7d)'],
      ['--rule NAME', 'of this rule alone'],
      ['--limit COUNT', 'at most so many, newest first (default: 100)'],
    ],
    load: () => import('./commands/history.ts'),
  },
  {
    name: 'simulate',
    summary: 'show what would have been sent for a file of events; sends nothing',
    usage: 'ops-alerts simulate --events FILE',
    operands: [],
    options: { events: text, for: text },
    help: [
      ['--events FILE', 'JSON: an array of events, or one a line; - reads standard input'],
      ['--for DURATION', 'how long to go on (default: 1h after the last event)'],
    ],
    details:
      'The configuration exports `options`, what it gives to createAlerts. An event is { "at": "5m", "error": "text", "labels": {}, "count": 3 }; in place of error: success, failure, beat.',
    load: () => import('./commands/simulate.ts'),
  },
];
