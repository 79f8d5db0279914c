/**
 * The scoring of the Numenta Anomaly Benchmark, and a plainer count beside it.
 *
 * NAB gives the earliest detection in each labelled window up to 1, the more the earlier; takes
 * 0.11 for a detection far outside (less just after a window), and 1 for a window missed. 100 is
 * every window found at its first row with nothing else said, 0 is silence.
 */

/** One labelled series. Times are milliseconds since 1970. */
export interface LabelledSeries {
  readonly name: string;
  readonly timesMs: readonly number[];
  readonly counts: readonly number[];
  /** When something began, in the eyes of those who labelled. */
  readonly labelsMs: readonly number[];
  /** Around each label; both ends belong to it. */
  readonly windowsMs: readonly (readonly [number, number])[];
}

/** What a hit, a false alarm and a miss weigh. */
export interface Profile {
  readonly hit: number;
  readonly falseAlarm: number;
  readonly miss: number;
}

export const PROFILES: Readonly<Record<'standard' | 'lowFalseAlarms' | 'lowMisses', Profile>> = {
  standard: { hit: 1, falseAlarm: 0.11, miss: 1 },
  lowFalseAlarms: { hit: 1, falseAlarm: 0.22, miss: 1 },
  lowMisses: { hit: 1, falseAlarm: 0.11, miss: 2 },
};

/** Sums over windows; add those of several series, then {@link normalise}. */
export interface RawScore {
  readonly score: number;
  readonly windowCount: number;
}

/** Rows at the start that are not scored: 15 % of the series, at most 750. */
export function probationRowCount(rowCount: number): number {
  return Math.floor(0.15 * Math.min(rowCount, 5_000));
}

interface Span {
  readonly first: number;
  readonly last: number;
}

/** Windows as row numbers, those that end within the probation left out. */
function scoredSpans(series: LabelledSeries): readonly Span[] {
  const probation = probationRowCount(series.timesMs.length);
  return series.windowsMs
    .map(([fromMs, toMs]) => ({
      first: series.timesMs.findIndex((timeMs) => timeMs >= fromMs),
      last: series.timesMs.findLastIndex((timeMs) => timeMs <= toMs),
    }))
    .filter((span) => span.last >= probation);
}

/** @param rows the rows at which an alarm began, in order. */
export function scoreSeries(
  series: LabelledSeries,
  rows: readonly number[],
  profile: Profile,
): RawScore {
  const spans = scoredSpans(series);
  const found = new Set<Span>();
  let score = 0;
  for (const row of rows) {
    if (row < probationRowCount(series.timesMs.length)) continue;
    const span = spans.find(({ first, last }) => row >= first && row <= last);
    if (span === undefined) score += profile.falseAlarm * outsideScore(row, spans);
    else if (!found.has(span)) {
      found.add(span);
      const width = span.last - span.first + 1;
      score += (profile.hit * sigmoid(-(span.last - row + 1) / width)) / sigmoid(-1);
    }
  }
  return { score: score - profile.miss * (spans.length - found.size), windowCount: spans.length };
}

/** Nearly 0 just after a window, -1 far from any. */
function outsideScore(row: number, spans: readonly Span[]): number {
  const before = spans.findLast(({ last }) => last < row);
  if (before === undefined) return -1;
  return sigmoid((row - before.last) / (before.last - before.first));
}

/** 1 well before `position` 0, 0 there, -1 well after. */
function sigmoid(position: number): number {
  return position > 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1;
}

/** From 0 for silence to 100 for perfection; below 0 for worse than silence. */
export function normalise(scores: readonly RawScore[], profile: Profile): number {
  const windowCount = scores.reduce((sum, one) => sum + one.windowCount, 0);
  const silent = -profile.miss * windowCount;
  const raw = scores.reduce((sum, one) => sum + one.score, 0);
  return (100 * (raw - silent)) / (profile.hit * windowCount - silent);
}

const EPISODE_MS = 3_600_000;

/**
 * Alarms that begin within an hour of the one before are one episode. Returns the first of each, those
 * of the probation left out.
 *
 * @param rows the rows at which an alarm began, in order.
 */
export function episodesOf(series: LabelledSeries, rows: readonly number[]): readonly number[] {
  const probation = probationRowCount(series.timesMs.length);
  let beforeMs = Number.NEGATIVE_INFINITY;
  return rows.filter((row) => {
    const timeMs = timeOf(series, row);
    const isFirst = timeMs - beforeMs > EPISODE_MS;
    beforeMs = timeMs;
    return isFirst && row >= probation;
  });
}

/** What somebody on call would count; sums over series are made by adding. */
export interface PlainScore {
  readonly windowCount: number;
  /** Windows with an episode that began in them. */
  readonly foundCount: number;
  readonly labelCount: number;
  /** Labels with an episode that began at most 15 minutes before or after. */
  readonly within15mCount: number;
  readonly within30mCount: number;
  /** Labels with an episode that began in their window, at the latest 15 minutes after the label. */
  readonly by15mCount: number;
  /** Episodes that began outside of every window. */
  readonly falseAlarmCount: number;
  /** After the probation. */
  readonly weeks: number;
}

export function countPlainly(series: LabelledSeries, episodes: readonly number[]): PlainScore {
  const { labelsMs, windowsMs, timesMs } = series;
  const starts = episodes.map((row) => timeOf(series, row));
  const hasStart = (fromMs: number, toMs: number): boolean =>
    starts.some((startMs) => startMs >= fromMs && startMs <= toMs);
  const labelsNear = (nearMs: number): number =>
    labelsMs.filter((atMs) => hasStart(atMs - nearMs, atMs + nearMs)).length;
  const lastMs = timesMs.at(-1) ?? Number.NaN;
  const scoredMs = lastMs - timeOf(series, probationRowCount(timesMs.length));
  return {
    windowCount: windowsMs.length,
    foundCount: windowsMs.filter(([fromMs, toMs]) => hasStart(fromMs, toMs)).length,
    labelCount: labelsMs.length,
    within15mCount: labelsNear(QUARTER_MS),
    within30mCount: labelsNear(2 * QUARTER_MS),
    by15mCount: labelsMs.filter((atMs) =>
      windowsMs.some(
        ([fromMs, toMs]) => fromMs <= atMs && atMs <= toMs && hasStart(fromMs, atMs + QUARTER_MS),
      ),
    ).length,
    falseAlarmCount: starts.filter(
      (startMs) => !windowsMs.some(([fromMs, toMs]) => startMs >= fromMs && startMs <= toMs),
    ).length,
    weeks: scoredMs / (7 * 24 * 4 * QUARTER_MS),
  };
}

const QUARTER_MS = 15 * 60_000;

function timeOf({ timesMs }: LabelledSeries, row: number): number {
  return timesMs[row] ?? Number.NaN;
}
