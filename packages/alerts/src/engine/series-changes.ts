import type { Alert } from '../alert.ts';
import type { Json } from '../channel.ts';
import type { Series, SeriesStep } from '../series.ts';
import type { DocumentChange } from '../store.ts';
import type { DraftInput } from './draft-input.ts';
import { LOOK_AGAIN_MS } from './plan-document.ts';
import type { SeriesEntry } from './series-book.ts';
import { lastCommitOf, type SeriesDocument, seriesOf, seriesValue } from './series-document.ts';
import { step } from './step-series.ts';

/** What became of one series. */
export interface SeriesChange {
  readonly entry: SeriesEntry;
  readonly before: Series | undefined;
  readonly steps: readonly SeriesStep[];
  readonly change: DocumentChange;
}

/** Steps every series in which something waits, or that is due. */
export function changesOfSeries(input: DraftInput): readonly SeriesChange[] {
  const entries = new Set(input.entries);
  for (const document of input.due) {
    const series = document.key.startsWith('s:') ? seriesOf(document)?.series : undefined;
    const entry = series && input.entryOf(series);
    if (entry) entries.add(entry);
  }
  return [...entries].flatMap((entry) => changeOf(input, entry) ?? []);
}

function changeOf(input: DraftInput, entry: SeriesEntry): SeriesChange | undefined {
  const document = input.documents.get(entry.docKey);
  const held = seriesOf(document);
  const last = lastCommitOf(held, input.replica);
  const runs = entry.pending.runs.filter(({ number }) => number === undefined || number > last);
  const stepped = step(entry, held?.series, runs, input);
  if (stepped === undefined) {
    // A broken rule: what it cannot take is not kept for it.
    entry.pending.clear();
    return undefined;
  }
  const { series, steps } = stepped;
  const version = document?.version ?? 0;
  const change = isForgotten(series, stepped.dueAtMs, runs.length, entry, input.nowMs)
    ? { key: entry.docKey, version, value: undefined, dueAtMs: undefined }
    : {
        key: entry.docKey,
        version,
        value: valueOf(series, held, input),
        dueAtMs: dueOf(series, stepped.dueAtMs, entry, input.nowMs),
      };
  // Nothing there and nothing to be there.
  if (change.value === undefined && version === 0) return undefined;
  return { entry, before: held?.series, steps, change };
}

function valueOf(series: Series, held: SeriesDocument | undefined, input: DraftInput): Json {
  return seriesValue(series, held, input.replica, [input.number, input.nowMs]);
}

/** One of many series in which nothing happened for as long as its rule looks back. */
function isForgotten(
  series: Series,
  dueAtMs: number | undefined,
  runCount: number,
  { rule }: SeriesEntry,
  nowMs: number,
): boolean {
  return (
    rule.maxSeriesCount > 1 &&
    runCount === 0 &&
    series.alert === null &&
    dueAtMs === undefined &&
    series.touchedAtMs + rule.lookbackMs <= nowMs
  );
}

function dueOf(
  series: Series,
  dueAtMs: number | undefined,
  { rule }: SeriesEntry,
  nowMs: number,
): number | undefined {
  if (series.alert !== null) return Math.min(dueAtMs ?? Infinity, nowMs + LOOK_AGAIN_MS);
  if (rule.maxSeriesCount === 1) return dueAtMs;
  return dueAtMs ?? Math.max(series.touchedAtMs + rule.lookbackMs, nowMs + 1);
}

/** Its alerts as they were after each step. */
export function alertsOf({ steps }: SeriesChange): readonly Alert[] {
  return steps.flatMap(({ alert }) => alert ?? []);
}
