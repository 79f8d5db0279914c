import { labelOf } from '../../errors.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { styled } from '../line.ts';
import { withMigrator } from '../open-migrator.ts';
import { sayDuration } from '../say.ts';
import { UsageError } from '../usage-error.ts';

export async function run(context: CommandContext): Promise<Outcome> {
  const { args, signal } = context;
  const [to, steps, pack] = [args.text('to'), args.count('steps', 1), args.text('pack')];
  if (to !== undefined && steps !== undefined) {
    throw new UsageError('ops-migrate down: give either --steps or --to');
  }
  return withMigrator(context, async (migrator) => {
    const wish = to === undefined ? { steps: steps ?? 1 } : { to };
    const report = await migrator.down({ ...wish, pack, signal });
    const { reverted, durationMs } = report;
    const oldest = reverted.at(-1);
    const text =
      oldest === undefined
        ? ' nothing to take back'
        : ` done in ${sayDuration(durationMs)} · ${reverted.length} taken back, down to ${labelOf(oldest)}`;
    return { summary: report, lines: [[styled('green', '✓'), text]] };
  });
}
