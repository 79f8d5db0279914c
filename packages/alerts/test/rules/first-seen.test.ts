import { describe, expect, it } from 'vitest';
import { type FirstSeenState, firstSeen } from '../../src/rules/first-seen.ts';
import type { FirstSeenOptions } from '../../src/rules/first-seen-options.ts';
import { createSeries, stepSeries } from '../../src/series.ts';
import { contextOf } from '../series-context.ts';
import { DAY_MS, errorAt, HOUR_MS, outcomeAt, refusalOf } from './rule-events.ts';

const rule = firstSeen();

function stateAfter(...times: readonly number[]): FirstSeenState | null {
  return times.reduce(
    (state: FirstSeenState | null, atMs) => rule.on(state, errorAt(atMs)),
    rule.init(0),
  );
}

describe('firstSeen', () => {
  it('is a breach for visibleFor after the first error of a kind', () => {
    expect(rule.evaluate(stateAfter(0, 5), 10)).toEqual({
      status: 'breach',
      severity: 'low',
      value: 2,
      limit: null,
      why: 'an error of a kind not seen before: 2 errors since 1970-01-01T00:00:00.000Z',
      nextMs: HOUR_MS,
    });
    expect(rule.evaluate(stateAfter(0, 5), HOUR_MS)).toMatchObject({
      status: 'clear',
      why: 'known: 2 errors, the last 59m 59s ago',
      nextMs: undefined,
    });
    expect(rule.evaluate(rule.init(0), 0)).toMatchObject({ status: 'clear', value: 0 });
  });

  it('is one again when the kind comes back after regressionAfter, and not before', () => {
    const back = 7 * DAY_MS;
    expect(rule.evaluate(stateAfter(0, back - 1), back - 1).status).toBe('clear');
    expect(rule.evaluate(stateAfter(0, back), back)).toMatchObject({
      status: 'breach',
      why: 'an error of a kind that had not come for 7d (7d is a regression): 1 error since 1970-01-08T00:00:00.000Z',
    });
    // Every error postpones it.
    expect(rule.evaluate(stateAfter(0, DAY_MS, back), back).status).toBe('clear');
  });

  it('counts an error that comes late, and takes it for no return', () => {
    expect(stateAfter(10 * DAY_MS, 10 * DAY_MS - 5_000)).toEqual({
      lastMs: 10 * DAY_MS,
      newsMs: 10 * DAY_MS,
      count: 2,
      quietMs: null,
    });
  });

  it('has a series for each fingerprint, whose end is no news', () => {
    expect(rule).toMatchObject({
      announcesEnd: false,
      needsFingerprints: true,
      maxSeriesCount: 1_000,
      lookbackMs: 30 * DAY_MS,
    });
    expect(rule.keyOf({ ...errorAt(0), fingerprint: 'f1' } as never, 'fresh')).toBe('f1');
    expect(rule.keyOf(errorAt(0), 'fresh')).toBeUndefined();
    expect(rule.keyOf(outcomeAt(0, false), 'fresh')).toBeUndefined();
    expect(rule.labelsOf('f1')).toEqual({ fingerprint: 'f1' });
    expect(firstSeen({ regressionAfter: '60d' }).lookbackMs).toBe(120 * DAY_MS);
  });

  it('fires once for a flood of a kind, and ends by itself', () => {
    const series = createSeries(rule, 'fresh', 'f1', 'k3f9', 0);
    const events = Array.from({ length: 500 }, (_, index) => errorAt(index * 60_000, 20));
    const { steps, dueAtMs } = stepSeries(series, events, DAY_MS, contextOf(rule, 'fresh'));
    expect(steps.map((step) => [step.to, step.atMs])).toEqual([
      ['firing', 0],
      ['ok', HOUR_MS],
    ]);
    expect(dueAtMs).toBeUndefined();
  });

  it.each([
    [{ visibleFor: '1h', for: '1h' }, 'for: could never fire'],
    [{ regressionAfter: 0 }, 'regressionAfter: expected a duration'],
    [{ by: 'route' }, 'by: there is no such option'],
  ])('refuses %j', (options, message) => {
    expect(refusalOf(() => firstSeen(options as FirstSeenOptions)).message).toContain(message);
  });
});
