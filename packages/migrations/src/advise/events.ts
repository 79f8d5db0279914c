/** What `onEvent` of {@link advise} and {@link measure} is told. More types may come. */
export type AdviceEvent =
  | {
      /** A query has been measured or planned, or could not be. */
      readonly type: 'query-finished';
      readonly query: string;
      /** With the indexes that are there; with hypothetical ones; with those built for it. */
      readonly phase: 'now' | 'hypothetical' | 'built';
      /** From 1. */
      readonly number: number;
      readonly count: number;
    }
  | {
      /** An index has been built for the measurement. Writes to its table wait from its start on. */
      readonly type: 'index-built';
      readonly index: string;
      readonly durationMs: number;
    };
