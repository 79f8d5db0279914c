import type { Command } from './command.ts';

const text = { type: 'string' } as const;
const many = { type: 'string', multiple: true } as const;
const flag = { type: 'boolean' } as const;

const POLICY = ['--policy NAME', 'this policy alone; may be repeated'] as const;

/** In the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'plan',
    summary: 'show what a run would do; changes nothing',
    usage: 'ops-cleanup plan',
    operands: [],
    options: { policy: many, sql: flag },
    help: [POLICY, ['--sql', 'also show the statements of the first batch']],
    exits: '0 a run would do it · 4 it would refuse a policy',
    load: () => import('./commands/plan.ts'),
  },
  {
    name: 'run',
    summary: 'do what the policies say',
    usage: 'ops-cleanup run',
    operands: [],
    options: { policy: many, time: text, rows: text, accept: text, quiet: flag },
    help: [
      POLICY,
      ['--time DURATION', 'begin no batch after this, such as 20m (default: no limit)'],
      ['--rows COUNT', 'at most so many rows, over all policies (default: no limit)'],
      ['--accept HASH', "the hash of a plan that was looked at: accepts its rows' share"],
      ['--quiet', 'no progress; the report all the same'],
    ],
    details: `Ctrl-C and SIGTERM end it after the batch in progress, and print the report; a second one ends it
at once, and what was not committed is rolled back. Progress goes to standard error: bars on a
terminal, else a line every 10 seconds; with --json none.`,
    exits: `0 drained: nothing expired is left · 3 work remains: a budget, a throttle, a request to stop,
  another runner at work, or rows that could not be deleted · 4 a policy was refused and not touched
  · 1 a policy failed`,
    load: () => import('./commands/run.ts'),
  },
  {
    name: 'status',
    summary: 'show when each policy last ran, and what it has fallen behind with',
    usage: 'ops-cleanup status',
    operands: [],
    options: { policy: many, 'overdue-after': text },
    help: [
      POLICY,
      ['--overdue-after DURATION', 'rows may be due for so long without a run (default: 48h)'],
    ],
    exits: '0 no policy is overdue · 3 a policy is overdue',
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'undo',
    summary: 'take back the soft deletes of a run',
    usage: 'ops-cleanup undo <run>',
    operands: ['run'],
    options: {},
    help: [],
    exits: '0 done · 3 some rows were not taken back · 1 there is no such run, or it failed',
    load: () => import('./commands/undo.ts'),
  },
  {
    name: 'restore',
    summary: 'put back the rows that a run archived',
    usage: 'ops-cleanup restore <run>',
    operands: ['run'],
    options: { policy: text, into: text, from: text },
    help: [
      ['--policy NAME', 'what this policy archived (default: every policy of the run)'],
      ['--into TABLE', 'into this table in place of the one that they came from'],
      ['--from DIRECTORY', 'where the files are now (default: where they were written)'],
    ],
    details: 'Rows that are there already stay as they are; it may be repeated.',
    exits: '0 done · 1 there is no such run, an archive is damaged, or it failed',
    load: () => import('./commands/restore.ts'),
  },
  {
    name: 'stop',
    summary: 'ask the run that is under way to stop, in whatever process it is',
    usage: 'ops-cleanup stop',
    operands: [],
    options: { by: text, reason: text },
    help: [
      ['--by NAME', 'who says so (default: USER)'],
      ['--reason TEXT', 'why'],
    ],
    details: 'It ends after the batch in progress. That no run is under way is no fault.',
    exits: '0 asked, or nothing to ask',
    load: () => import('./commands/stop.ts'),
  },
  {
    name: 'doctor',
    summary: 'look for what keeps the policies from their work; changes nothing',
    usage: 'ops-cleanup doctor',
    operands: [],
    options: { policy: many },
    help: [POLICY],
    details: `Looks at the tables of the history, rights, indexes, statistics, vacuum and what holds it back,
sizes, the lease, half-detached partitions, soft-deleted rows and archive files.`,
    exits: '0 nothing to be done · 3 it found something · 1 the database cannot be reached',
    load: () => import('./commands/doctor.ts'),
  },
];
