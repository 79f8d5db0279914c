import type { Command, Need, OptionSpec } from './command.ts';

/** Of every command. */
export const GENERAL_OPTIONS: readonly OptionSpec[] = [
  { name: 'json', summary: 'print events as JSON, one a line, and a summary as the last line' },
  { name: 'verbose', summary: 'print the stack of an error as well' },
  { name: 'help', summary: 'print this' },
];

const CONFIG: OptionSpec = {
  name: 'config',
  value: 'FILE',
  summary:
    'module whose default export is the options of createMigrator; options given here have precedence',
};

/** The options of a need, besides `--config`. */
const OPTIONS_OF: Readonly<Record<Need, readonly OptionSpec[]>> = {
  files: [
    {
      name: 'dir',
      value: 'FOLDER',
      isList: true,
      summary: 'where the files are (default: supabase/migrations, migrations or db/migrations)',
    },
  ],
  connection: [
    {
      name: 'database-url',
      value: 'URL',
      summary:
        'postgres://… (default: MIGRATION_DATABASE_URL or DATABASE_URL, which no list of processes shows)',
    },
    {
      name: 'connect-timeout',
      value: 'DURATION',
      summary: 'how long connecting may take (default: 10s)',
    },
    {
      name: 'lock-timeout',
      value: 'DURATION',
      summary: 'how long a statement waits for a lock on a table (default: 2s)',
    },
  ],
  migrator: [
    { name: 'schema', value: 'NAME', summary: 'schema of the history table (default: ops)' },
    {
      name: 'lock-wait',
      value: 'DURATION',
      summary: 'how long to wait for another process that migrates (default: 10m)',
    },
    {
      name: 'attempts',
      value: 'COUNT',
      summary: 'tries of a step that meets a lock timeout or deadlock (default: 30)',
    },
  ],
};

const OUT_OF_ORDER: OptionSpec = {
  name: 'allow-out-of-order',
  summary: 'also apply files that are older than the newest applied one',
};

/** In the order in which help shows them. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'new',
    operands: '<name>',
    summary: 'make an empty migration file',
    details: 'The file is <14 digits of the time in UTC>_<name>.sql. No file is ever overwritten.',
    options: [{ name: 'down', summary: 'make a pair, .up.sql and .down.sql' }],
    needs: ['files'],
    load: () => import('./commands/new.ts'),
  },
  {
    name: 'plan',
    operands: '',
    summary: 'show what up would do, and change nothing',
    options: [
      { name: 'sql', summary: 'print it as a script for psql' },
      { name: 'to', value: 'VERSION', summary: 'the last version to plan' },
      { name: 'out', value: 'FILE', summary: 'write the plan to a file, for up --plan' },
      OUT_OF_ORDER,
    ],
    needs: ['files', 'connection', 'migrator'],
    load: () => import('./commands/plan.ts'),
  },
  {
    name: 'up',
    operands: '',
    summary: 'apply what is pending',
    details:
      'Any number of processes may do so at once: one works, the others wait. After an interruption or an error the next up goes on at the step that was not done.',
    options: [
      { name: 'to', value: 'VERSION', summary: 'the last version to apply' },
      {
        name: 'plan',
        value: 'FILE',
        summary: 'apply what plan --out wrote, or fail if that is no longer what is to be done',
      },
      OUT_OF_ORDER,
    ],
    needs: ['files', 'connection', 'migrator'],
    load: () => import('./commands/up.ts'),
  },
  {
    name: 'status',
    operands: '',
    summary: 'show what is applied and what is pending; exits with 3 or 4 when not all is well',
    options: [{ name: 'all', summary: 'list every applied file, not only the last 10' }],
    needs: ['files', 'connection', 'migrator'],
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'verify',
    operands: '',
    summary: 'compare files, history and indexes; exits with 4 when they do not agree',
    options: [],
    needs: ['files', 'connection', 'migrator'],
    load: () => import('./commands/verify.ts'),
  },
  {
    name: 'lint',
    operands: '[file…]',
    summary: 'look for what would go wrong on a busy database; exits with 6 on errors',
    details:
      'Needs the package libpg-query, and with --trace @electric-sql/pglite. Asks no database.',
    options: [
      {
        name: 'since',
        value: 'VERSION',
        summary: 'report only on files of this version and above',
      },
      { name: 'format', value: 'NAME', summary: 'text, json, github or sarif (default: text)' },
      {
        name: 'server-version',
        value: 'MAJOR',
        summary: 'the oldest PostgreSQL the files have to run on (default: 15)',
      },
      {
        name: 'rule',
        value: 'ID=SEVERITY',
        isList: true,
        summary: 'another severity for a rule: off, warning or error',
      },
      {
        name: 'trace',
        summary: 'replay the files on a PostgreSQL in memory and show the locks they take',
      },
    ],
    needs: ['files'],
    load: () => import('./commands/lint.ts'),
  },
  {
    name: 'explain',
    operands: '[rule]',
    summary: 'tell all about a rule of lint; without a name, list the rules',
    options: [],
    needs: [],
    load: () => import('./commands/explain.ts'),
  },
  {
    name: 'down',
    operands: '',
    summary: 'take migrations back, the newest first',
    options: [
      { name: 'steps', value: 'COUNT', summary: 'how many files (default: 1)' },
      {
        name: 'to',
        value: 'VERSION',
        summary: 'the version to go back to; it stays applied, 0 takes all back',
      },
      { name: 'pack', value: 'NAME', summary: 'take back those of this pack of --config' },
    ],
    needs: ['files', 'connection', 'migrator'],
    load: () => import('./commands/down.ts'),
  },
  {
    name: 'baseline',
    operands: '<version>',
    summary: 'record files up to and with a version as applied; runs nothing',
    options: [],
    needs: ['files', 'connection', 'migrator'],
    load: () => import('./commands/baseline.ts'),
  },
  {
    name: 'adopt',
    operands: '[tool]',
    summary: "take over another tool's history; without a name, say which tools were here",
    details:
      'Tools: supabase, node-pg-migrate, flyway, dbmate, golang-migrate, knex, prisma, goose, graphile-migrate. Their tables are only read.',
    options: [
      { name: 'from-schema', value: 'NAME', summary: "schema of the tool's table" },
      { name: 'from-table', value: 'NAME', summary: "name of the tool's table" },
    ],
    needs: ['files', 'connection', 'migrator'],
    load: () => import('./commands/adopt.ts'),
  },
  {
    name: 'repair',
    operands: '',
    summary: 'settle what verify has found; does only what its options say',
    options: [
      {
        name: 'accept',
        value: 'VERSION',
        isList: true,
        summary: "take a changed file as what was applied; 'all' for every one",
      },
      {
        name: 'forget',
        value: 'VERSION',
        isList: true,
        summary: 'drop from the history what has no file any more',
      },
      { name: 'indexes', summary: 'drop INVALID indexes and remains of reindex, in every schema' },
      { name: 'pack', value: 'NAME', summary: 'accept and forget those of this pack of --config' },
    ],
    needs: ['files', 'connection', 'migrator'],
    load: () => import('./commands/repair.ts'),
  },
  {
    name: 'wait',
    operands: '',
    summary: 'end when nothing is pending any more; exits with 3 when the time is up',
    options: [
      {
        name: 'timeout',
        value: 'DURATION',
        summary: 'how long to wait; 0 looks once (default: 10m)',
      },
    ],
    needs: ['files', 'connection', 'migrator'],
    load: () => import('./commands/wait.ts'),
  },
  {
    name: 'advise',
    operands: '',
    summary: 'say what indexes buy on this database; by default those of performance-indexes',
    options: [
      {
        name: 'index',
        value: 'SQL',
        isList: true,
        summary: 'a create index statement to judge, instead of the pack; needs --queries',
      },
      {
        name: 'queries',
        value: 'FILE',
        summary: 'what to judge by: .sql with one query a statement, or .json',
      },
      { name: 'in-schema', value: 'NAME', summary: 'schema of the tables, for {{schema}}' },
      {
        name: 'method',
        value: 'NAME',
        summary:
          'auto, hypothetical (hypopg) or build, which builds, measures and rolls back while writes wait (default: auto)',
      },
      { name: 'runs', value: 'COUNT', summary: 'counted runs of each query (default: 5)' },
      {
        name: 'statement-timeout',
        value: 'DURATION',
        summary: 'for each run of a query (default: 30s)',
      },
      { name: 'build-timeout', value: 'DURATION', summary: 'for each build (default: 5m)' },
    ],
    needs: ['connection'],
    load: () => import('./commands/advise.ts'),
  },
];

/** All options that a command takes, under the titles of its help. */
export function optionGroupsOf({
  options,
  needs,
}: Command): readonly (readonly [title: string, options: readonly OptionSpec[]])[] {
  const database = needs.filter((need) => need !== 'files').flatMap((need) => OPTIONS_OF[need]);
  return [
    ['Options', options],
    ['Files', needs.includes('files') ? OPTIONS_OF.files : []],
    ['Database', database],
    ['General', needs.length > 0 ? [CONFIG, ...GENERAL_OPTIONS] : GENERAL_OPTIONS],
  ];
}

/** All options that a command takes. */
export function optionsOf(command: Command): readonly OptionSpec[] {
  return optionGroupsOf(command).flatMap(([, options]) => options);
}
