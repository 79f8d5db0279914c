import type { CommandContext, Outcome } from '../command.ts';
import { loadCleanup } from '../config.ts';
import { interruptible } from '../interruption.ts';
import { plainText } from '../plain-text.ts';

/** Asks the run that is under way to stop. */
export async function run({ args, env, signal, progress }: CommandContext): Promise<Outcome> {
  const by = args.text('by') ?? env['USER'] ?? env['USERNAME'];
  const reason = args.text('reason');
  const cleanup = await loadCleanup(args, 'stop');
  progress.note('Asking …');
  const { runId } = await interruptible(cleanup.stop({ by, reason }), signal);
  return {
    json: { runId },
    lines: [
      runId === null
        ? 'No run is under way.'
        : plainText(`Run ${runId} was asked to stop; it ends after the batch in progress.`),
    ],
  };
}
