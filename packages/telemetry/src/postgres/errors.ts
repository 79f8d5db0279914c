import type { ReplayReport } from './replay/report.ts';

/**
 * Rejects a `replay` that was stopped by what is no line's fault: the database, the source, or a time
 * limit. What `report` says is committed; a transaction whose answer was lost may be as well, and is
 * found to be duplicates by the run that goes on with `startAfterLine: report.line`.
 */
export class ReplayInterruptedError extends Error {
  override readonly name = 'ReplayInterruptedError';
  readonly code = 'ERR_OPS_TELEMETRY_REPLAY_INTERRUPTED';
  /** Up to the interruption. */
  readonly report: ReplayReport;

  constructor(report: ReplayReport, cause: unknown) {
    const { line, inserted, duplicates, rejected } = report;
    super(
      `The replay stopped after line ${line} (${inserted} inserted, ${duplicates} duplicates, ${rejected} rejected); ` +
        `run it again with startAfterLine: ${line}`,
      { cause },
    );
    this.report = report;
  }
}
