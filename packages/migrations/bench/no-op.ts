import type { Database } from './databases.ts';
import { smallTexts, writeFolder } from './folders.ts';
import { type Contestant, inTurn } from './in-turn.ts';
import { median, ratios, type Section, timeTable, verdict } from './markdown.ts';
import { type Run, runProgram } from './run-program.ts';
import {
  expecting,
  folderOf,
  NODE_PG_MIGRATE,
  OURS,
  POSTGRES_MIGRATIONS,
  type Setting,
  type Tool,
  up,
} from './setting.ts';

const LIMIT = 1.15;

/** `up` when everything is applied: what each start of an application pays. */
export async function benchNoOp(setting: Setting, fileCount: number): Promise<Section> {
  const folder = folderOf(setting, `no-op-${fileCount}`);
  await writeFolder(folder, smallTexts(fileCount));
  const databases: Database[] = [];
  try {
    const [ours, ...peers] = [OURS, NODE_PG_MIGRATE, POSTGRES_MIGRATIONS];
    const first = await applied(setting, ours, folder);
    databases.push(first);
    const contestants = [
      again(setting, ours, first.url, folder),
      bare(setting, first.url, folder, 'sync', 'bare `pg` loop, `readFileSync`'),
      bare(setting, first.url, folder, 'concurrent', 'bare `pg` loop, `Promise.all` of `readFile`'),
    ];
    for (const peer of peers) {
      const database = await applied(setting, peer, folder);
      databases.push(database);
      contestants.push(again(setting, peer, database.url, folder));
    }
    const outcomes = await inTurn(
      [...contestants, nothing(setting)],
      setting.isQuick ? { count: 3, warmUps: 1 } : { count: 41, warmUps: 4 },
    );
    return {
      title: `No-op \`up\` with ${fileCount} applied files`,
      lines: [...timeTable(outcomes), '', ...verdicts(outcomes)],
      raw: outcomes,
    };
  } finally {
    for (const database of databases) await database.drop();
  }
}

/** A database that has all files. Where the tool fails at this, the runs that follow show it. */
async function applied(setting: Setting, tool: Tool, folder: string): Promise<Database> {
  const database = await setting.databases.create();
  await up(setting, tool, database.url, folder);
  return database;
}

function again(setting: Setting, tool: Tool, url: string, folder: string): Contestant {
  return { label: tool.label, run: async () => idle(await up(setting, tool, url, folder)) };
}

function bare(
  { consumer }: Setting,
  url: string,
  folder: string,
  how: 'sync' | 'concurrent',
  label: string,
): Contestant {
  const program = consumer.program('bare-no-op');
  return { label, run: async () => idle(await runProgram(program, [url, folder, how])) };
}

function nothing({ consumer }: Setting): Contestant {
  return {
    label: 'Node that does nothing',
    run: () => runProgram(consumer.program('nothing'), []),
  };
}

/** All programs report how many files they found to apply. */
function idle(run: Run): Run {
  return expecting(run, run.result === 0, `found ${String(run.result)} files to apply`);
}

function verdicts([ours, ...others]: Awaited<ReturnType<typeof inTurn>>): string[] {
  return others.slice(0, 2).map((other) => {
    const measured = ours === undefined ? Number.NaN : median(ratios(ours, other));
    return verdict(`ours ÷ ${other.label}`, measured, LIMIT, '×');
  });
}
