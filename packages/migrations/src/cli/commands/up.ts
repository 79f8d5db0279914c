import { labelOf } from '../../errors.ts';
import type { UpReport } from '../../up.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { type Line, styled } from '../line.ts';
import { withMigrator } from '../open-migrator.ts';
import { readPlanFile } from '../plan-file.ts';
import { sayCount, sayDuration } from '../say.ts';

export async function run(context: CommandContext): Promise<Outcome> {
  const { args, signal } = context;
  return withMigrator(context, async (migrator) => {
    const report = await migrator.up({
      signal,
      to: args.text('to'),
      plan: readPlanFile(args.text('plan')),
      // With a plan, it is the plan that says so.
      allowOutOfOrder: args.has('allow-out-of-order') ? true : undefined,
    });
    return { summary: report, lines: [summaryLine(report)] };
  });
}

function summaryLine({ applied, recovered, retried, waitedMs, durationMs }: UpReport): Line {
  const newest = applied.at(-1);
  if (newest === undefined) {
    return [styled('green', '✓'), ` nothing to do · ${sayDuration(durationMs)}`];
  }
  const facts = [
    `${applied.length} applied, up to ${labelOf(newest)}`,
    ...(recovered.length > 0
      ? [`${sayCount(recovered.length, 'index', 'indexes')} recovered`]
      : []),
    ...(retried > 0 ? [sayCount(retried, 'lock retry', 'lock retries')] : []),
    ...(waitedMs >= 1_000 ? [`waited ${sayDuration(waitedMs)} for another process`] : []),
  ];
  return [styled('green', '✓'), ` done in ${sayDuration(durationMs)} · ${facts.join(' · ')}`];
}
