import type { Cleanup, CleanupReport } from '@ops/cleanup';
import { Cron } from 'croner';

/** How {@link scheduleCleanup} tells what became of a night. */
export interface Nightly {
  readonly onReport: (report: CleanupReport) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Runs the cleanup every night at 02:00 UTC inside a service. Every replica may do so: the lease lets
 * one of them work, and the reports of the others say `busy`.
 */
export function scheduleCleanup(cleanup: Cleanup, { onReport, onError }: Nightly) {
  const stopping = new AbortController();
  const job = new Cron(
    '0 2 * * *',
    // UTC has no hour that comes twice or not at all. `protect`: a night that takes longer than a
    // day is not joined by the next. `unref`: the schedule alone does not keep the process.
    { timezone: 'UTC', protect: true, unref: true, catch: onError },
    async () => {
      onReport(await cleanup.run({ budget: { time: '20m' }, signal: stopping.signal }));
    },
  );
  return {
    job,
    /** For SIGTERM: no further nights, and the one that is going on ends after its batch. */
    stop(): void {
      job.stop();
      stopping.abort();
    },
  };
}
