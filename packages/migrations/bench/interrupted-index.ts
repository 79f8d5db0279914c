import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from './databases.ts';
import { type Section, shortened, table } from './markdown.ts';
import type { Run } from './run-program.ts';
import {
  folderOf,
  inDatabase,
  NODE_PG_MIGRATE,
  OURS,
  POSTGRES_MIGRATIONS,
  type Setting,
  type Tool,
  up,
} from './setting.ts';

interface Case {
  readonly label: string;
  readonly tool: Tool;
  /** The file that builds the index, in the form that the tool asks for. */
  readonly file: (statement: string) => readonly [name: string, text: string];
  /** A row for each migration that the tool takes for applied. */
  readonly history: string;
}

const CASES: readonly Case[] = [
  {
    label: OURS.label,
    tool: OURS,
    file: (statement) => ['0002_index.sql', `${statement};\n`],
    history: "select from ops.migrations where version = '2' and applied_at is not null",
  },
  {
    label: 'node-pg-migrate, SQL file',
    tool: NODE_PG_MIGRATE,
    file: (statement) => ['0002_index.sql', `${statement};\n`],
    history: "select from pgmigrations where name = '0002_index'",
  },
  {
    label: 'node-pg-migrate, `pgm.noTransaction()`',
    tool: NODE_PG_MIGRATE,
    file: (statement) => [
      '0002_index.mjs',
      `export const up = (pgm) => {\n  pgm.noTransaction();\n  pgm.sql('${statement}');\n};\n`,
    ],
    history: "select from pgmigrations where name = '0002_index'",
  },
  {
    label: 'postgres-migrations, `disable-transaction`',
    tool: POSTGRES_MIGRATIONS,
    file: (statement) => [
      '0002_index.sql',
      `-- postgres-migrations disable-transaction\n${statement};\n`,
    ],
    history: 'select from migrations where id = 2',
  },
];

const TABLE = `create table people (email text not null);
insert into people select 'p' || (n % 500) from generate_series(1, 1000) n;
`;
const REMOVE_DUPLICATES =
  'delete from people a using people b where a.email = b.email and a.ctid > b.ctid';

interface IndexOutcome {
  readonly label: string;
  readonly statement: string;
  readonly runs: readonly Run[];
  readonly index: string;
  readonly isRecorded: boolean;
  readonly takesDuplicates: boolean;
}

/** A unique index that meets duplicates; they are removed, and the tool is run again. */
export async function benchInterruptedIndex(setting: Setting): Promise<Section> {
  const outcomes: IndexOutcome[] = [];
  for (const [at, clause] of ['', 'if not exists '].entries()) {
    const statement = `create unique index concurrently ${clause}people_email on people (email)`;
    for (const [number, each] of CASES.entries()) {
      const folder = folderOf(setting, `index-${at}-${number}`);
      outcomes.push(await runTwice(setting, each, statement, folder));
    }
  }
  return {
    title: 'A concurrent unique index that fails on duplicates, is mended and run again',
    lines: table(
      ['tool', '`if not exists`', 'run 1', 'run 2', 'index', 'recorded', 'takes duplicates'],
      outcomes.map(rowOf),
    ),
    raw: outcomes,
  };
}

async function runTwice(
  setting: Setting,
  { label, tool, file, history }: Case,
  statement: string,
  folder: string,
): Promise<IndexOutcome> {
  const [name, text] = file(statement);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, '0001_table.sql'), TABLE);
  await writeFile(join(folder, name), text);
  return inDatabase(setting, async (database) => {
    const first = await up(setting, tool, database.url, folder);
    await database.query(REMOVE_DUPLICATES);
    const second = await up(setting, tool, database.url, folder);
    return {
      label,
      statement,
      runs: [first, second],
      index: await indexState(database),
      isRecorded: (await database.query(history)).length === 1,
      takesDuplicates: await takesDuplicates(database),
    };
  });
}

async function indexState(database: Database): Promise<string> {
  const [index] = await database.query<{ indisvalid: boolean }>(
    "select indisvalid from pg_index where indexrelid = to_regclass('people_email')",
  );
  if (index === undefined) return 'absent';
  return index.indisvalid ? 'valid' : 'INVALID';
}

async function takesDuplicates(database: Database): Promise<boolean> {
  try {
    await database.query("insert into people values ('p1')");
    return true;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === '23505') return false;
    throw error;
  }
}

function rowOf(outcome: IndexOutcome): string[] {
  const { label, statement, runs, index, isRecorded, takesDuplicates: takes } = outcome;
  return [
    label,
    statement.includes('if not exists') ? 'yes' : 'no',
    ...runs.map(({ exitCode, failure }) =>
      failure === undefined ? `exit ${exitCode}` : shortened(failure),
    ),
    index,
    isRecorded ? 'yes' : 'no',
    takes ? 'yes' : 'no',
  ];
}
