import { findFault } from './find-fault.ts';
import { smallTexts, writeFolder } from './folders.ts';
import { median, ms, range, type Section, shortened, table } from './markdown.ts';
import type { Run } from './run-program.ts';
import {
  folderOf,
  inDatabase,
  NODE_PG_MIGRATE,
  NODE_PG_MIGRATE_WAITING,
  OURS,
  POSTGRES_MIGRATIONS,
  type Setting,
  type Tool,
  up,
} from './setting.ts';

interface Crowd {
  readonly label: string;
  readonly processCount: number;
  /** From the start of the first to the end of the last, a round each. */
  readonly wallsMs: readonly number[];
  /** Of all rounds. */
  readonly runs: readonly Run[];
  /** Rounds after which tables and rows were as after one undisturbed run. */
  readonly rightCount: number;
}

/** Processes that start at one moment on an empty database. */
export async function benchReplicas(setting: Setting, fileCount: number): Promise<Section> {
  const folder = await writeFolder(folderOf(setting, 'replicas'), smallTexts(fileCount));
  const cases: readonly (readonly [Tool, number])[] = [
    [OURS, 8],
    [NODE_PG_MIGRATE, 8],
    [NODE_PG_MIGRATE_WAITING, 8],
    [POSTGRES_MIGRATIONS, 8],
    [OURS, 32],
  ];
  const crowds = cases.map(([tool, processCount]) => ({
    tool,
    label: tool.label,
    processCount,
    wallsMs: [] as number[],
    runs: [] as Run[],
    rightCount: 0,
  }));
  for (let round = 0; round < (setting.isQuick ? 1 : 5); round += 1) {
    for (const crowd of crowds) {
      const { runs, wallMs, isRight } = await atOnce(setting, crowd, folder, fileCount);
      crowd.runs.push(...runs);
      crowd.wallsMs.push(wallMs);
      if (isRight) crowd.rightCount += 1;
    }
  }
  return {
    title: `Many processes at once, ${fileCount} files`,
    lines: table(
      ['tool', 'processes:', 'exit 0', 'schema right', 'all ended after ms (min–max):', 'failures'],
      crowds.map(rowOf),
    ),
    raw: crowds,
  };
}

function atOnce(
  setting: Setting,
  { tool, processCount }: { readonly tool: Tool; readonly processCount: number },
  folder: string,
  fileCount: number,
): Promise<{ runs: Run[]; wallMs: number; isRight: boolean }> {
  return inDatabase(setting, async (database) => {
    const startedAt = performance.now();
    const runs = await Promise.all(
      Array.from({ length: processCount }, () => up(setting, tool, database.url, folder)),
    );
    const wallMs = performance.now() - startedAt;
    const isRight = (await findFault(database, fileCount)) === undefined;
    return { runs, wallMs, isRight };
  });
}

function rowOf({ label, processCount, wallsMs, runs, rightCount }: Crowd): (string | number)[] {
  const failures = runs.flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
  const counts = new Map<string, number>();
  for (const failure of failures) counts.set(failure, (counts.get(failure) ?? 0) + 1);
  return [
    label,
    processCount,
    `${runs.length - failures.length} of ${runs.length}`,
    `${rightCount} of ${wallsMs.length}`,
    `${ms(median(wallsMs))} (${range(wallsMs, ms)})`,
    [...counts].map(([failure, count]) => `${count} × ${shortened(failure)}`).join('; ') || 'none',
  ];
}
