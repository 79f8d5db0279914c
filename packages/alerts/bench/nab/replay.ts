import type { Rule } from '../../src/rule.ts';
import { createSeries, type Series, type SeriesContext, stepSeries } from '../../src/series.ts';
import type { LabelledSeries } from './score.ts';

/**
 * Feeds the rows to the rule as they would have come, each as one run of errors at its time, through
 * the life of a real series.
 *
 * @returns the rows at which an alert began to fire.
 */
export function replay(rule: Rule, series: LabelledSeries): readonly number[] {
  const context: SeriesContext = {
    rule,
    name: 'replayed',
    service: series.name,
    environment: 'bench',
    samples: () => [],
    isDegraded: false,
  };
  const [startMs = 0] = series.timesMs;
  let one: Series = createSeries(rule, context.name, '', 'nab0', startMs);
  return series.timesMs.flatMap((atMs, row) => {
    const count = series.counts[row] ?? 0;
    const events = count > 0 ? [{ type: 'error' as const, atMs, count, labels: {} }] : [];
    const result = stepSeries(one, events, atMs, context);
    if (result.fault !== undefined) throw new Error('The rule threw', { cause: result.fault });
    one = result.series;
    const begins = result.steps.filter(({ from, to }) => to === 'firing' && from !== 'recovering');
    return begins.map(() => row);
  });
}
