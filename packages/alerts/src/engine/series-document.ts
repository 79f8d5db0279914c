import type { Json } from '../channel.ts';
import type { Series } from '../series.ts';
import type { StoredDocument } from '../store.ts';

/**
 * What the document of a series holds: the series, and of each replica the number of its last commit
 * to it and when that was. So a replica that got no answer to a commit finds out by reading.
 */
export interface SeriesDocument {
  readonly series: Series;
  readonly by: Readonly<Record<string, Entry>>;
}

type Entry = readonly [number: number, atMs: number];

/** No commit is under way for so long; one from before that was not seen never was. */
const COMMIT_SETTLED_MS = 600_000;
const MAX_REPLICA_COUNT = 256;

/** Undefined where it is not there, or is nothing that this version of the package made. */
export function seriesOf(document: StoredDocument | undefined): SeriesDocument | undefined {
  const value = document?.value as unknown as Partial<SeriesDocument> | null | undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  const { series, by } = value;
  if (typeof series !== 'object' || series === null || typeof series.rule !== 'string') {
    return undefined;
  }
  return { series, by: by ?? {} };
}

/** The number of the replica's last commit that the document holds; 0: none. */
export function lastCommitOf(document: SeriesDocument | undefined, replica: string): number {
  return document?.by[replica]?.[0] ?? 0;
}

export function seriesValue(
  series: Series,
  before: SeriesDocument | undefined,
  replica: string,
  entry: Entry,
): Json {
  const others = Object.entries(before?.by ?? {})
    .filter(([id, [, atMs]]) => id !== replica && entry[1] - atMs < COMMIT_SETTLED_MS)
    .toSorted((a, b) => b[1][1] - a[1][1])
    .slice(0, MAX_REPLICA_COUNT - 1);
  const by = Object.fromEntries([...others, [replica, entry]]);
  const { state, touchedAtMs, ...rest } = series;
  // What changes comes first: PostgreSQL does not log again the part at the end of a row that is as it
  // was. Measured 387 instead of 820 bytes of WAL a change.
  return { by, series: { state, touchedAtMs, ...rest } } as unknown as Json;
}

/** The same document with the series changed by hand: no events of this replica are in it that were not. */
export function withSeries(value: Json, series: Series): Json {
  return { ...(value as object), series } as unknown as Json;
}
