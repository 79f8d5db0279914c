import type { EventSink, IngestEvent, SinkOutcome } from '../src/ingest/index.ts';

export interface MemorySink extends EventSink {
  readonly stored: Map<string, IngestEvent>;
  /** Sizes of the writes. */
  readonly writes: number[];
}

export function memorySink(
  outcomeOf: (event: IngestEvent) => SinkOutcome = () => ({ result: 'ok' }),
): MemorySink {
  const stored = new Map<string, IngestEvent>();
  const writes: number[] = [];
  return {
    stored,
    writes,
    write: (events) => {
      writes.push(events.length);
      const outcomes = events.map(outcomeOf);
      outcomes.forEach((outcome, index) => {
        const event = events[index];
        if (outcome.result === 'ok' && event && !stored.has(event.id)) stored.set(event.id, event);
      });
      return Promise.resolve(outcomes);
    },
  };
}
