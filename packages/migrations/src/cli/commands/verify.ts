import type { CommandContext, Outcome } from '../command.ts';
import { errorJson, errorLines } from '../error-lines.ts';
import { exitCodeOfAll } from '../exit-code.ts';
import { styled } from '../line.ts';
import { noteLines } from '../note-lines.ts';
import { withMigrator } from '../open-migrator.ts';
import { sayCount } from '../say.ts';

export async function run(context: CommandContext): Promise<Outcome> {
  return withMigrator(context, async (migrator) => {
    const { ok, problems, notes, building } = await migrator.verify({ signal: context.signal });
    return {
      exitCode: exitCodeOfAll(problems),
      summary: { ok, problems: problems.map(errorJson), notes, building },
      lines: [
        ...noteLines(notes),
        ...noteLines(
          building.map(
            ({ index, table, pid }) => `${index} on ${table} is being built by pid ${pid}`,
          ),
        ),
        ...problems.flatMap((problem) => errorLines(problem)),
        ok
          ? [styled('green', '✓'), ' files, history and indexes agree']
          : sayCount(problems.length, 'problem'),
      ],
    };
  });
}
