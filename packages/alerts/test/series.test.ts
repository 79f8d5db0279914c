import { describe, expect, it, vi } from 'vitest';
import type { Rule, RuleEvent, Verdict } from '../src/rule.ts';
import { spike } from '../src/rules/spike.ts';
import {
  createSeries,
  resolveSeries,
  type Series,
  type SeriesContext,
  stepSeries,
} from '../src/series.ts';
import { deepFreeze, errorAt, stored } from './rules/rule-events.ts';
import { contextOf } from './series-context.ts';

const START_MS = Date.parse('2026-03-01T12:00:00Z');
const rule = spike({
  over: 3,
  within: '100s',
  clearBelow: 2,
  keepFiringFor: '10s',
  severity: { medium: 3, high: 6 },
  by: 'integration',
  runbook: 'call shopify',
});
const context = contextOf(rule, 'errorSpike');
const fresh = createSeries(rule, 'errorSpike', 'shopify', 'k3f9', START_MS);
const errors = (seconds: number, count: number): RuleEvent =>
  errorAt(START_MS + seconds * 1_000, count);
const at = (seconds: number): number => START_MS + seconds * 1_000;

describe('a series', () => {
  it('begins with nothing', () => {
    expect(fresh).toEqual({
      rule: 'errorSpike',
      kind: 'spike',
      key: 'shopify',
      born: 'k3f9',
      state: [],
      life: { state: 'ok', epoch: 0 },
      alert: null,
      touchedAtMs: START_MS,
    });
  });

  it('tells everything of an alert when it fires', () => {
    const { series, steps, verdict, dueAtMs } = stepSeries(fresh, [errors(1, 4)], at(2), context);
    expect(steps).toEqual([
      {
        from: 'ok',
        to: 'firing',
        atMs: at(1),
        isRise: false,
        alert: {
          id: 'errorSpike-k3f9-1',
          rule: 'errorSpike',
          key: 'shopify',
          service: 'billing',
          environment: 'test',
          labels: { integration: 'shopify' },
          state: 'firing',
          severity: 'medium',
          epoch: 1,
          startedAt: '2026-03-01T12:00:01.000Z',
          endedAt: null,
          reason: '4 errors in the last 1m 40s, over 3 (high over 6)',
          value: 4,
          limit: 3,
          samples: [{ message: 'card declined', count: 3 }],
          runbook: 'call shopify',
          acknowledged: null,
          degraded: false,
        },
      },
    ]);
    expect(series.alert).toEqual(steps[0]?.alert);
    expect(series.touchedAtMs).toBe(at(2));
    expect(verdict.status).toBe('breach');
    expect(dueAtMs).toBe(at(101));
  });

  it('goes through its whole life in one call, however late, each step as of when it was due', () => {
    const events = [errors(1, 4), errors(2, 3), errors(50, 1)];
    const { series, steps, dueAtMs } = stepSeries(fresh, events, at(100_000), context);
    expect(
      steps.map((step) => [step.from, step.to, (step.atMs - START_MS) / 1_000, step.isRise]),
    ).toEqual([
      ['ok', 'firing', 1, false],
      ['firing', 'firing', 2, true],
      ['firing', 'recovering', 102, false],
      ['recovering', 'ok', 112, false],
    ]);
    expect(steps.at(-1)?.alert).toMatchObject({
      id: 'errorSpike-k3f9-1',
      state: 'ok',
      severity: 'high',
      startedAt: '2026-03-01T12:00:01.000Z',
      endedAt: '2026-03-01T12:01:52.000Z',
      reason: '1 error in the last 1m 40s, below 2 (clear for 10s)',
    });
    expect(series).toMatchObject({ alert: null, life: { state: 'ok', epoch: 1 } });
    expect(dueAtMs).toBeUndefined();
    const next = stepSeries(series, [errors(200_000, 4)], at(200_000), context);
    expect(next.steps[0]?.alert).toMatchObject({ id: 'errorSpike-k3f9-2', epoch: 2 });
  });

  it('counts what other replicas tell late, and fires then, not before', () => {
    const seen = stepSeries(fresh, [errors(10, 3)], at(12), context);
    const late = stepSeries(seen.series, [errors(8, 1)], at(13), context);
    expect(late.steps).toMatchObject([{ to: 'firing', atMs: at(12) }]);
    // It leaves the window by its own time: 99 s after the others began to be looked at.
    expect(late.dueAtMs).toBe(at(108));
  });

  it('puts events in order, cuts fractions, and takes the future for now', () => {
    const events = [errors(900, 1), errors(5, 1), errorAt(at(3) + 0.9, 2)];
    const { series, steps } = stepSeries(fresh, events, at(6) + 0.7, context);
    expect(steps).toMatchObject([{ to: 'firing', atMs: at(6) }]);
    expect(series.state).toEqual([[at(3), 4, -1, 2_000, 1_000]]);
    expect(series.touchedAtMs).toBe(at(6));
    const fourth = stepSeries(fresh, [errors(5, 1), errors(3, 4)], at(6), context);
    expect(fourth.steps).toMatchObject([{ to: 'firing', atMs: at(3) }]);
  });

  it('says for how long it waited', () => {
    const patient = spike({ over: 3, within: '1h', for: '2m' });
    const { steps } = stepSeries(
      createSeries(patient, 'errorSpike', '', 'k3f9', START_MS),
      [errors(0, 4)],
      at(300),
      contextOf(patient, 'errorSpike'),
    );
    expect(steps).toMatchObject([
      { from: 'ok', to: 'pending', alert: null, atMs: at(0) },
      {
        from: 'pending',
        to: 'firing',
        atMs: at(120),
        alert: { key: null, reason: '4 errors in the last 1h, over 3 (for 2m)' },
      },
    ]);
  });

  it('keeps the numbers of a lasting alert up to date, and what was done about it', () => {
    const { series } = stepSeries(fresh, [errors(1, 4)], at(1), context);
    const alert = series.alert && { ...series.alert, acknowledged: { by: 'ann', at: 'today' } };
    const later = stepSeries({ ...series, alert }, [errors(2, 1)], at(2), context);
    expect(later.steps).toEqual([]);
    expect(later.series.alert).toMatchObject({ value: 5, acknowledged: { by: 'ann' } });
    const worse = stepSeries(later.series, [errors(3, 5)], at(3), context);
    expect(worse.steps[0]?.alert).toMatchObject({
      severity: 'high',
      acknowledged: { by: 'ann' },
      degraded: false,
    });
  });

  it('asks for samples when an alert begins or gets worse, and marks one found alone', () => {
    const samples = vi.fn(() => []);
    const alone: SeriesContext = { ...context, samples, isDegraded: true };
    const events = [errors(1, 4), errors(2, 1), errors(3, 5), errors(4, 1)];
    const { steps } = stepSeries(fresh, events, at(300), alone);
    expect(samples).toHaveBeenCalledTimes(2);
    expect(steps.map((step) => step.alert?.degraded)).toEqual([true, true, true, true]);
  });

  it('changes nothing that it is given', () => {
    const frozen = deepFreeze(stepSeries(fresh, [errors(1, 4)], at(1), context).series);
    const events = deepFreeze([errors(5, 2), errors(3, 4)]);
    expect(() => stepSeries(frozen, events, at(300), context)).not.toThrow();
  });
});

describe('an alert ended by hand', () => {
  const { series } = stepSeries(fresh, [errors(1, 4)], at(1), context);

  it('is told as over, once', () => {
    const ended = resolveSeries(series, at(5), 'resolved by ann');
    expect(ended?.step).toMatchObject({
      from: 'firing',
      to: 'ok',
      atMs: at(5),
      alert: {
        id: 'errorSpike-k3f9-1',
        state: 'ok',
        endedAt: '2026-03-01T12:00:05.000Z',
        reason: 'resolved by ann',
      },
    });
    expect(ended && resolveSeries(ended.series, at(6), 'again')).toBeUndefined();
    expect(resolveSeries(fresh, at(6), 'none')).toBeUndefined();
  });

  it('does not come back before its condition has cleared, or got worse', () => {
    const ended = stored(resolveSeries(series, at(5), 'resolved by ann')?.series ?? fresh);
    const same = stepSeries(ended, [errors(6, 1)], at(7), context);
    expect(same.steps).toEqual([]);
    expect(same.dueAtMs).toBeDefined();
    expect(stepSeries(ended, [errors(6, 3)], at(7), context).steps).toMatchObject([
      { to: 'firing', alert: { severity: 'high', epoch: 2 } },
    ]);
    // All have left the window at 106 s.
    expect(stepSeries(same.series, [errors(107, 4)], at(107), context).steps).toMatchObject([
      { to: 'firing', atMs: at(107), alert: { severity: 'medium', epoch: 2 } },
    ]);
  });
});

describe('a rule of one’s own', () => {
  const verdict: Verdict = { status: 'clear', value: 0, limit: 0, why: 'calm', nextMs: undefined };
  const own = (part: Partial<Rule>): Rule => ({
    ...(rule as Rule),
    kind: 'own',
    isState: () => true,
    ...part,
  });
  const go = (part: Partial<Rule>, state: Series['state'] = []) => {
    const one = own(part);
    const series: Series = { ...fresh, kind: 'own', state };
    return stepSeries(series, [errors(1, 1)], at(1_000_000), contextOf(one, 'errorSpike'));
  };

  it('whose verdict is always due again is looked at a bounded number of times', () => {
    const evaluate = vi.fn((_: unknown, nowMs: number): Verdict => ({ ...verdict, nextMs: nowMs }));
    expect(go({ evaluate }).dueAtMs).toBe(at(1_000_000) + 1);
    expect(evaluate.mock.calls.length).toBeLessThan(600);
  });

  it('that throws on its state begins anew once, and the reason is told', () => {
    const on: Rule['on'] = (state, event) => {
      if (state === 'poison') throw new Error('cannot read it');
      return [event.atMs];
    };
    const result = go({ on, evaluate: () => verdict, init: () => [] }, 'poison');
    expect(result.fault).toEqual(new Error('cannot read it'));
    expect(result.series.state).toEqual([at(1)]);
  });

  it('that throws on everything throws', () => {
    const evaluate = (): Verdict => {
      throw new Error('broken');
    };
    expect(() => go({ evaluate })).toThrow('broken');
  });

  it.each([
    { ...verdict, status: 'fine' },
    { ...verdict, status: 'breach' },
    { ...verdict, nextMs: Number.NaN },
    { ...verdict, why: undefined },
  ])('that gives %j is told so', (nonsense) => {
    expect(() => go({ evaluate: () => nonsense as Verdict })).toThrow(
      "Rule 'errorSpike' gave a verdict that is none: status",
    );
  });
});

describe('a rule that counts the time that passes', () => {
  const MINUTE_MS = 60_000;
  const ticking: Rule<readonly number[]> = {
    ...rule,
    init: () => [],
    on: (state) => state,
    tick: (state, nowMs) => [...state, nowMs],
    isState: Array.isArray,
    evaluate: (_, nowMs) => {
      const nextMs = nowMs + MINUTE_MS;
      return { status: 'clear', value: 0, limit: 1, why: 'nothing', nextMs };
    },
  };

  it('is not told of moments at which nobody looked: an outage would be learned as quiet', () => {
    const begun = createSeries(ticking, 'errorSpike', 'shopify', 'k3f9', START_MS);
    const afterHours = at(10 * 3_600);
    const { series } = stepSeries(begun, [], afterHours, contextOf(ticking, 'errorSpike'));
    expect(new Set(series.state as readonly number[])).toEqual(new Set([afterHours]));
  });
});
