/**
 * How well `anomaly()` finds the labelled anomalies of five series of the Numenta Anomaly Benchmark
 * with its defaults, and beside it the fixed `spike()` that is usual instead.
 *
 *     node bench/nab/run.ts           the defaults, a line a series
 *     node bench/nab/run.ts --grid    what neighbours of the defaults would have scored
 */
import type { Rule } from '../../src/rule.ts';
import { ANOMALY_TUNING, anomaly, anomalyRule, anomalySettings } from '../../src/rules/anomaly.ts';
import { ANOMALY_DEFAULTS, type AnomalyNumbers } from '../../src/rules/anomaly-options.ts';
import { spike } from '../../src/rules/spike.ts';
import { readLabelledSeries } from './labelled-series.ts';
import { replay } from './replay.ts';
import {
  countPlainly,
  episodesOf,
  type LabelledSeries,
  normalise,
  PROFILES,
  scoreSeries,
} from './score.ts';

const COLUMNS = [
  'windows',
  '±15 min',
  '±30 min',
  'by 15 min',
  'false/week',
  'NAB',
  'NAB low FP',
  'NAB low FN',
];

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** One line of the table for what was found in all the series together. */
function score(found: readonly (readonly [LabelledSeries, readonly number[]])[]): string[] {
  const plain = found.map(([series, episodes]) => countPlainly(series, episodes));
  const sum = (key: keyof (typeof plain)[number]): number =>
    plain.reduce((total, one) => total + one[key], 0);
  const labels = sum('labelCount');
  const nab = Object.values(PROFILES).map((profile) => {
    const scores = found.map(([series, episodes]) => scoreSeries(series, episodes, profile));
    return normalise(scores, profile).toFixed(1);
  });
  return [
    `${sum('foundCount')}/${sum('windowCount')}`,
    `${sum('within15mCount')}/${labels}`,
    `${sum('within30mCount')}/${labels}`,
    `${sum('by15mCount')}/${labels}`,
    (sum('falseAlarmCount') / sum('weeks')).toFixed(2),
    ...nab,
  ];
}

function find(
  rule: Rule,
  all: readonly LabelledSeries[],
): readonly (readonly [LabelledSeries, readonly number[]])[] {
  return all.map((series) => [series, episodesOf(series, replay(rule, series))]);
}

function print(name: string, cells: readonly string[]): void {
  process.stdout.write(`${name.padEnd(26)}${cells.map((cell) => cell.padStart(11)).join('')}\n`);
}

function printSeries(name: string, rule: Rule, all: readonly LabelledSeries[]): void {
  const found = find(rule, all);
  print(`\n${name}`, COLUMNS);
  for (const one of found) print(`  ${one[0].name}`, score([one]));
  print('  all', score(found));
}

/** Of one setting at a time, the others as they are. */
function printGrid(all: readonly LabelledSeries[]): void {
  print('', COLUMNS);
  const tryOut = (name: string, numbers: Partial<AnomalyNumbers>, tuning: object = {}): void => {
    const settings = anomalySettings(
      { ...ANOMALY_DEFAULTS, ...numbers },
      { ...ANOMALY_TUNING, ...tuning },
    );
    print(name, score(find(anomalyRule({}, settings), all)));
  };
  for (const quantile of [0.996, 0.997, 0.9975, 0.998, 0.9985, 0.999, 0.9995]) {
    tryOut(`quantile ${quantile}`, { quantile });
  }
  for (const days of [2, 3, 5, 7, 10, 14, 21]) {
    tryOut(`halfLife ${days}d`, { halfLife: days * DAY_MS });
  }
  for (const minutes of [5, 10, 15, 20, 30]) {
    tryOut(`window ${minutes}m`, { window: minutes * MINUTE_MS });
  }
  for (const min of [1, 5, 10, 20, 40]) tryOut(`min ${min}`, { min });
  for (const days of [0.25, 0.5, 1, 2]) {
    tryOut(`learning ${days * 24}h`, { learning: days * DAY_MS });
  }
  for (const spareCells of [0, 1, 2, 3]) tryOut(`spareCells ${spareCells}`, {}, { spareCells });
  for (const maxLesson of [1, 1.1, 1.25, 1.5, 2, 4]) {
    tryOut(`maxLesson ${maxLesson}`, {}, { maxLesson });
  }
}

const all = readLabelledSeries();
if (process.argv.includes('--grid')) printGrid(all);
else {
  printSeries('anomaly()', anomaly(), all);
  printSeries('spike over 100 in 1h', spike({ over: 100, within: '1h' }), all);
}
