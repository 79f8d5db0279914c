import { describe, expect, it } from 'vitest';
import { readLabelledSeries } from '../../bench/nab/labelled-series.ts';
import { replay } from '../../bench/nab/replay.ts';
import {
  countPlainly,
  episodesOf,
  type LabelledSeries,
  normalise,
  PROFILES,
  probationRowCount,
  scoreSeries,
} from '../../bench/nab/score.ts';
import { anomaly } from '../../src/rules/anomaly.ts';

const MINUTE_MS = 60_000;

/** 2,000 rows, a minute each, with windows of 100 rows at 500 and 1,500. */
const series: LabelledSeries = {
  name: 'small',
  timesMs: Array.from({ length: 2_000 }, (_, row) => row * MINUTE_MS),
  counts: [],
  labelsMs: [550 * MINUTE_MS, 1_550 * MINUTE_MS],
  windowsMs: [
    [500 * MINUTE_MS, 599 * MINUTE_MS],
    [1_500 * MINUTE_MS, 1_599 * MINUTE_MS],
  ],
};

describe('the scoring of the benchmark', () => {
  const score = (rows: readonly number[], profile = PROFILES.standard): number =>
    normalise([scoreSeries(series, rows, profile)], profile);

  it('is 100 for the first row of every window, 0 for silence', () => {
    expect(score([500, 1_500])).toBeCloseTo(100, 10);
    expect(score([])).toBe(0);
    expect(score([500])).toBeCloseTo(50, 10);
  });

  it('takes less for a late detection, and counts but the first of a window', () => {
    // The sigmoid of the benchmark at half a window from its end, 2 / (1 + e^-2.5) - 1 of e^-5.
    expect(score([550, 1_500])).toBeCloseTo((100 * (3 + 0.848_284 / 0.986_614)) / 4, 3);
    expect(score([500, 510, 1_500])).toBeCloseTo(100, 10);
    expect(score([599, 1_500])).toBeLessThan(score([560, 1_500]));
  });

  it('takes off for false alarms, less just after a window, nothing within the probation', () => {
    const each = (100 * 0.11) / 4;
    expect(score([400])).toBeCloseTo(-each, 10);
    expect(score([1_400])).toBeCloseTo(-each, 10);
    expect(score([601])).toBeGreaterThan(-0.1 * each);
    expect(score([400], PROFILES.lowFalseAlarms)).toBeCloseTo(-2 * each, 10);
    expect(score([299])).toBe(0);
    expect([100, 2_000, 5_000, 16_000].map(probationRowCount)).toEqual([15, 300, 750, 750]);
  });

  it('merges alarms to episodes of an hour, and counts them plainly', () => {
    const episodes = episodesOf(series, [100, 350, 380, 430, 485, 560, 1_400]);
    expect(episodes).toEqual([350, 560, 1_400]);
    expect(countPlainly(series, episodes)).toMatchObject({
      windowCount: 2,
      foundCount: 1,
      labelCount: 2,
      within15mCount: 1,
      within30mCount: 1,
      by15mCount: 1,
      falseAlarmCount: 2,
    });
  });
});

it('anomaly() with its defaults finds most of what is labelled, and says little else', () => {
  const found = readLabelledSeries().map((one) => ({
    one,
    episodes: episodesOf(one, replay(anomaly(), one)),
  }));
  const plain = found.map(({ one, episodes }) => countPlainly(one, episodes));
  const sum = (key: 'within15mCount' | 'labelCount' | 'falseAlarmCount' | 'weeks'): number =>
    plain.reduce((total, counts) => total + counts[key], 0);
  const { standard } = PROFILES;
  const scores = found.map(({ one, episodes }) => scoreSeries(one, episodes, standard));
  expect(sum('within15mCount') / sum('labelCount')).toBeGreaterThanOrEqual(0.6);
  expect(sum('falseAlarmCount') / sum('weeks')).toBeLessThanOrEqual(0.45);
  expect(normalise(scores, standard)).toBeGreaterThanOrEqual(75);
}, 30_000);
