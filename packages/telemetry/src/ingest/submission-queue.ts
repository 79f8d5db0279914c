import type { IngestEvent, SinkOutcome } from './sink.ts';

/** The events of one request, on their way. */
export interface Submission {
  readonly events: readonly IngestEvent[];
  readonly resolve: (outcomes: readonly SinkOutcome[]) => void;
  readonly reject: (cause: unknown) => void;
  /** By the monotonic clock. */
  readonly submittedAtMs: number;
}

/** Requests in the order in which they came. */
export interface SubmissionQueue {
  /** In all submissions together. */
  readonly events: number;
  readonly first: Submission | undefined;
  push(submission: Submission): void;
  /**
   * Takes whole submissions from the front, up to `maxEvents` events but at least one submission, as
   * long as no id comes twice.
   */
  takeGroup(maxEvents: number): readonly Submission[];
}

export function createSubmissionQueue(): SubmissionQueue {
  const waiting: Submission[] = [];
  let eventCount = 0;
  return {
    get events() {
      return eventCount;
    },
    get first() {
      return waiting[0];
    },
    push(submission) {
      waiting.push(submission);
      eventCount += submission.events.length;
    },
    takeGroup(maxEvents) {
      const ids = new Set<string>();
      let taken = 0;
      for (const { events } of waiting) {
        const isTooMany = taken > 0 && ids.size + events.length > maxEvents;
        if (isTooMany || events.some(({ id }) => ids.has(id))) break;
        for (const { id } of events) ids.add(id);
        taken += 1;
      }
      eventCount -= ids.size;
      return waiting.splice(0, taken);
    },
  };
}
