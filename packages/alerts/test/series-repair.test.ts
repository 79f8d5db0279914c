import { describe, expect, it } from 'vitest';
import type { Rule } from '../src/rule.ts';
import { failures } from '../src/rules/failures.ts';
import { firstSeen } from '../src/rules/first-seen.ts';
import { heartbeat } from '../src/rules/heartbeat.ts';
import { spike } from '../src/rules/spike.ts';
import { createSeries, type Series, stepSeries } from '../src/series.ts';
import { errorAt } from './rules/rule-events.ts';
import { contextOf } from './series-context.ts';

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
const rule = spike({ over: 3, within: '1m', keepFiringFor: '1m' });
const context = contextOf(rule, 'errorSpike');
const { series: firing } = stepSeries(
  createSeries(rule, 'errorSpike', '', 'k3f9', NOW_MS - 1_000),
  [errorAt(NOW_MS - 500, 4)],
  NOW_MS,
  context,
);

function step(changed: object, one: Rule = rule) {
  const series = { ...firing, ...changed } as Series;
  return stepSeries(series, [errorAt(NOW_MS + 10)], NOW_MS + 10, contextOf(one, 'errorSpike'));
}

describe('a state that the rule cannot read', () => {
  const rules: readonly Rule[] = [
    rule,
    failures({ consecutive: 3, over: [5, '1h'], ratio: [0.5, '5m'] }),
    heartbeat({ every: '1h' }),
    firstSeen(),
  ];

  it.each([
    ['nothing', undefined],
    ['a text', 'state'],
    ['numbers', [1, 2, 3]],
    ['another’s', { full: [[1]], last: [2] }],
    ['parts of the wrong type', { failures: [[1, 1]], streak: 'x', calls: [], lastMs: '1' }],
  ])('is made anew: %s', (_, state) => {
    for (const one of rules) {
      const result = step({ kind: one.kind, state }, one);
      expect(String(result.fault)).toContain(
        "A series of rule 'errorSpike' begins anew: its state",
      );
      expect(one.isState?.(result.series.state)).toBe(true);
      // And is then gone on with.
      const next = stepSeries(result.series, [], NOW_MS + 20, contextOf(one, 'errorSpike'));
      expect(next.fault).toBeUndefined();
    }
  });

  it('of another kind of rule under the same name is made anew, and the alert kept', () => {
    const result = step({ kind: 'anomaly', state: [] });
    expect(String(result.fault)).toContain('its state is none of spike');
    expect(result.series).toMatchObject({ kind: 'spike', alert: { id: 'errorSpike-k3f9-1' } });
    expect(result.steps).toMatchObject([{ from: 'firing', to: 'recovering' }]);
  });
});

describe('a series that cannot be read', () => {
  it.each([
    ['no life', { life: undefined }],
    ['an unknown life', { life: { state: 'sleeping', epoch: 3 } }],
    ['a time that is none', { touchedAtMs: null }],
    ['an alert that is none', { alert: { id: 5 } }],
    ['an alert lost', { alert: null }],
    ['an alert too many', { life: { state: 'ok', epoch: 1 } }],
    ['no born', { born: 7 }],
  ])('begins anew, and gives no id again: %s', (_, changed) => {
    const result = step(changed);
    expect(result.fault).toBeInstanceOf(Error);
    expect(result.series).toMatchObject({
      rule: 'errorSpike',
      key: '',
      kind: 'spike',
      alert: null,
    });
    expect(result.series.born).toMatch(/^[0-9a-z]{4}$/);
    expect(result.series.born).not.toBe('k3f9');
    const again = stepSeries(result.series, [errorAt(NOW_MS + 20, 9)], NOW_MS + 20, context);
    expect(again.fault).toBeUndefined();
    expect(again.steps).toMatchObject([{ to: 'firing', alert: { epoch: 1 } }]);
  });
});

describe('a clock of the store that was set back', () => {
  it('by seconds changes nothing: time stands still until it has caught up', () => {
    const result = stepSeries(firing, [errorAt(NOW_MS - 30_000)], NOW_MS - 30_000, context);
    expect(result.fault).toBeUndefined();
    expect(result.series.touchedAtMs).toBe(NOW_MS);
    expect(result.series.alert?.value).toBe(5);
  });

  it('by more makes the counts anew: those from the future would hold the alert until then', () => {
    const backMs = NOW_MS - 86_400_000;
    const result = stepSeries(firing, [], backMs, context);
    expect(String(result.fault)).toContain("86400000 ms ahead of the store's clock");
    expect(result.steps).toMatchObject([{ from: 'firing', to: 'recovering', atMs: backMs }]);
    const over = stepSeries(result.series, [], backMs + 60_000, context);
    expect(over.steps).toMatchObject([{ to: 'ok', atMs: backMs + 60_000 }]);
  });
});
