import type { MigrationEvent } from '../events.ts';
import type { Output } from './output.ts';
import {
  type Direction,
  idleState,
  type ReportState,
  reportEvent,
  reportFailure,
} from './report-event.ts';

/** Shows what a migrator does while it does it. */
export interface LiveReport {
  readonly onEvent: (event: MigrationEvent) => void;
  /** Call when the run ended with an error: says which file it was in. Whether it was in one. */
  failed(): boolean;
}

export function createLiveReport(
  output: Output,
  { direction, now }: { readonly direction: Direction; now(): number },
): LiveReport {
  let state: ReportState = idleState(direction);
  return {
    onEvent(event) {
      if (output.isJson) {
        output.json(event);
        return;
      }
      const reported = reportEvent(state, event, now());
      state = reported.state;
      // On a terminal, progress that is written over need not stay as well.
      const isOnlyProgress =
        reported.progress !== undefined && reported.lines[0] === reported.progress;
      if (!(output.isTerminal && isOnlyProgress)) {
        output.progress(undefined);
        output.print(reported.lines);
      }
      output.progress(reported.progress);
    },
    failed() {
      const isInFile = state.current !== undefined;
      output.progress(undefined);
      output.print(reportFailure(state));
      state = idleState(direction);
      return isInFile;
    },
  };
}
