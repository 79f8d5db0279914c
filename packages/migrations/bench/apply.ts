import { findFault } from './find-fault.ts';
import { smallTexts, writeFolder } from './folders.ts';
import { type Contestant, inTurn, type Outcome } from './in-turn.ts';
import { median, ratios, type Section, timeTable, verdict } from './markdown.ts';
import type { Run } from './run-program.ts';
import {
  expecting,
  folderOf,
  inDatabase,
  NODE_PG_MIGRATE,
  NODE_PG_MIGRATE_SINGLE,
  OURS,
  POSTGRES_MIGRATIONS,
  type Setting,
  type Tool,
  up,
} from './setting.ts';

const BARE: Tool = {
  label: 'bare `pg` loop, a transaction and a round trip a file',
  program: 'bare-apply',
  flags: [],
};

/** Applying many small files to an empty database, a new one each time. */
export async function benchApply(setting: Setting, fileCount: number): Promise<Section> {
  const folder = folderOf(setting, `apply-${fileCount}`);
  await writeFolder(folder, smallTexts(fileCount));
  const peers = [NODE_PG_MIGRATE_SINGLE, NODE_PG_MIGRATE, POSTGRES_MIGRATIONS];
  const outcomes = await inTurn(
    [OURS, BARE, ...peers].map(
      (tool): Contestant => ({
        label: tool.label,
        run: () => applyOnce(setting, tool, folder, fileCount),
      }),
    ),
    setting.isQuick ? { count: 1, warmUps: 0 } : { count: 9, warmUps: 1 },
  );
  return {
    title: `\`up\` of ${fileCount} small files`,
    lines: [...timeTable(outcomes), '', ...verdicts(outcomes)],
    raw: outcomes,
  };
}

/** The time is that of the process; the database is made and looked at outside of it. */
function applyOnce(setting: Setting, tool: Tool, folder: string, fileCount: number): Promise<Run> {
  return inDatabase(setting, async (database) => {
    const run = await up(setting, tool, database.url, folder);
    const fault = await findFault(database, fileCount);
    return expecting(run, fault === undefined, `left ${fault}`);
  });
}

function verdicts([ours, , ...peers]: readonly Outcome[]): string[] {
  return peers.map((peer) => {
    const measured = ours === undefined ? Number.NaN : median(ratios(ours, peer));
    return verdict(`ours ÷ ${peer.label}`, measured, 1, '×');
  });
}
