import { labelOf } from '../../errors.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { styled } from '../line.ts';
import { noteLines } from '../note-lines.ts';
import { withMigrator } from '../open-migrator.ts';

export async function run(context: CommandContext): Promise<Outcome> {
  const { args, signal } = context;
  const [version = ''] = args.operands;
  return withMigrator(context, async (migrator) => {
    const report = await migrator.baseline(version, { signal });
    const { recorded, alreadyThere, notes } = report;
    const there = alreadyThere.length === 0 ? '' : ` · ${alreadyThere.length} were there already`;
    return {
      summary: report,
      lines: [
        ...recorded.map((migration) => `  recorded  ${labelOf(migration)}`),
        ...noteLines(notes),
        [styled('green', '✓'), ` ${recorded.length} recorded as applied${there}; nothing was run`],
      ],
    };
  });
}
