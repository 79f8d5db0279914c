import { labelOf } from '../../errors.ts';
import type { RepairReport } from '../../repair.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { type Line, styled } from '../line.ts';
import { noteLines } from '../note-lines.ts';
import { withMigrator } from '../open-migrator.ts';
import { UsageError } from '../usage-error.ts';

export async function run(context: CommandContext): Promise<Outcome> {
  const { args, signal } = context;
  const [accept, forget, indexes] = [args.list('accept'), args.list('forget'), args.has('indexes')];
  if (accept.length + forget.length === 0 && !indexes) {
    throw new UsageError(
      'ops-migrate repair: it is not said what to repair',
      'Give --accept, --forget or --indexes; ops-migrate verify says what is wrong.',
    );
  }
  return withMigrator(context, async (migrator) => {
    const report = await migrator.repair({
      accept: accept.includes('all') ? 'all' : someOf(accept),
      forget: someOf(forget),
      indexes,
      pack: args.text('pack'),
      signal,
    });
    return {
      exitCode: report.left.length > 0 ? EXIT.failed : EXIT.ok,
      summary: report,
      lines: repairLines(report),
    };
  });
}

function repairLines({ accepted, forgotten, dropped, left, notes }: RepairReport): readonly Line[] {
  const count = accepted.length + forgotten.length + dropped.length;
  return [
    ...accepted.map((migration) => `  accepted   ${labelOf(migration)}`),
    ...forgotten.map((migration) => `  forgotten  ${labelOf(migration)}`),
    ...dropped.map(({ index, table }) => `  dropped    ${index} on ${table}`),
    ...left.map((each): Line => {
      const mark = styled('red', '✗');
      return ['  ', mark, ` ${each.index} on ${each.table} is still there: ${each.reason}`];
    }),
    ...noteLines(notes),
    count === 0 ? 'Nothing was to be repaired' : `${count} repaired`,
  ];
}

function someOf(versions: readonly string[]): readonly string[] | undefined {
  return versions.length > 0 ? versions : undefined;
}
