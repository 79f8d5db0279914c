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
      const outcomes = events.map((event): SinkOutcome => {
        const outcome = outcomeOf(event);
        if (outcome.result !== 'ok') return outcome;
        if (stored.has(event.id)) return { result: 'ok', duplicate: true };
        stored.set(event.id, event);
        return outcome;
      });
      return Promise.resolve(outcomes);
    },
  };
}
