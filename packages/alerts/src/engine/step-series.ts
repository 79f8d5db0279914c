import type { ErrorSample } from '../alert.ts';
import type { RuleEvent } from '../rule.ts';
import { type Series, type SeriesResult, stepSeries } from '../series.ts';
import type { Run } from './pending-runs.ts';
import { newSeries, type SeriesEntry } from './series-book.ts';

/** What it takes to step a series, besides the series. */
export interface StepContext {
  readonly service: string;
  readonly environment: string;
  readonly isDegraded: boolean;
  /** Added to the steady time of this process, it is the store's. */
  readonly offsetMs: number;
  readonly nowMs: number;
  samples(entry: SeriesEntry): readonly ErrorSample[];
  onFault(error: unknown, entry: SeriesEntry): void;
}

/** The series with what happened in it, as of now. Undefined where the rule throws whatever it is given. */
export function step(
  entry: SeriesEntry,
  series: Series | undefined,
  runs: readonly Run[],
  context: StepContext,
): SeriesResult | undefined {
  const { offsetMs, nowMs, service, environment, isDegraded } = context;
  const events: RuleEvent[] = runs.map(({ kind, atMs, count }) => ({
    ...kind,
    atMs: Math.min(Math.floor(atMs + offsetMs), nowMs),
    count,
  }));
  const { rule, name } = entry;
  const samples = (): readonly ErrorSample[] => context.samples(entry);
  const about = { rule, name, service, environment, samples, isDegraded };
  try {
    const from = series ?? newSeries(entry, events[0]?.atMs ?? nowMs);
    const result = stepSeries(from, events, nowMs, about);
    if (result.fault !== undefined) context.onFault(result.fault, entry);
    return result;
  } catch (error) {
    context.onFault(error, entry);
    return undefined;
  }
}
