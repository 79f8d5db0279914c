import type { Cleanup } from '../../cleanup.ts';
import type { RunOptions } from '../../options.ts';
import type { CleanupReport } from '../../report.ts';
import type { Arguments } from '../arguments.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { loadCleanup } from '../config.ts';
import { exitCodeOf } from '../exit-code.ts';
import { Interruption } from '../interruption.ts';
import type { Progress } from '../progress.ts';
import { reportLines } from '../run-report.ts';

/** Does what the policies say, and prints the report, also of a run that was interrupted. */
export async function run(context: CommandContext): Promise<Outcome> {
  const { args, signal, progress, paint, columns } = context;
  const options = { ...optionsOf(args), signal };
  const cleanup = await loadCleanup(args, 'stream');
  progress.note('Looking at the tables …');
  const report = await followed(cleanup, options, progress);
  const reasons = Object.values(report.policies).map(({ stopped }) => stopped);
  const reason: unknown = signal.reason;
  return {
    exitCode: reason instanceof Interruption ? reason.exitCode : exitCodeOf(reasons),
    json: { report },
    lines: reportLines(report, paint, columns),
  };
}

function optionsOf(args: Arguments): RunOptions {
  return {
    policies: args.list('policy'),
    accept: args.text('accept'),
    budget: { time: args.duration('time'), rows: args.count('rows') },
  };
}

/** The report, and progress on the way to it. */
async function followed(
  cleanup: Cleanup,
  options: RunOptions & { readonly signal: AbortSignal },
  progress: Progress,
): Promise<CleanupReport> {
  const { signal } = options;
  const onAbort = (): void =>
    progress.say('Ends after the batch in progress; once more to end at once.');
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    let isFirst = true;
    for await (const event of cleanup.stream(options)) {
      if (event.type === 'run-ended') return event.report;
      if (isFirst) progress.note('');
      isFirst = false;
      progress.event(event);
    }
    throw new TypeError('stream() ended without a report');
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
