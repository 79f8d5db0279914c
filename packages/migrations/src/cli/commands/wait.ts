import type { CommandContext, Outcome } from '../command.ts';
import { styled } from '../line.ts';
import { withMigrator } from '../open-migrator.ts';
import { sayDuration } from '../say.ts';

export async function run(context: CommandContext): Promise<Outcome> {
  const { args, signal, now } = context;
  const startedAt = now();
  const timeout = args.duration('timeout');
  return withMigrator(context, async (migrator) => {
    await migrator.wait({ signal, timeout });
    const waitedMs = now() - startedAt;
    const text = ` nothing is pending · waited ${sayDuration(waitedMs)}`;
    return { summary: { waitedMs }, lines: [[styled('green', '✓'), text]] };
  });
}
