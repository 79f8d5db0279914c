import { describe, expect, it } from 'vitest';
import { type HeartbeatOptions, heartbeat } from '../../src/rules/heartbeat.ts';
import { createSeries, stepSeries } from '../../src/series.ts';
import { contextOf } from '../series-context.ts';
import { beatAt, errorAt, HOUR_MS, refusalOf } from './rule-events.ts';

const MINUTE_MS = 60_000;
const rule = heartbeat({ every: '24h', grace: '30m', runbook: 'restart cron' });
const LATE_MS = 24.5 * HOUR_MS;

describe('heartbeat', () => {
  it('is no-data before the first beat, then a breach when it is overdue', () => {
    const start = rule.init(0);
    expect(rule.evaluate(start, 60_000)).toEqual({
      status: 'no-data',
      value: null,
      limit: null,
      why: 'no beat since the start 1m ago, in time for one every 1d with 30m of grace',
      nextMs: LATE_MS,
    });
    expect(rule.evaluate(start, LATE_MS - 1).status).toBe('no-data');
    expect(rule.evaluate(start, LATE_MS)).toMatchObject({
      status: 'breach',
      severity: 'high',
      why: 'no beat since the start 1d 30m ago, expected every 1d with 30m of grace',
      nextMs: undefined,
    });
  });

  it('is clear after a beat for every and grace', () => {
    const state = rule.on(rule.init(0), beatAt(HOUR_MS));
    expect(rule.evaluate(state, 2 * HOUR_MS)).toMatchObject({
      status: 'clear',
      why: 'the last beat came 1h ago, in time for one every 1d with 30m of grace',
      nextMs: HOUR_MS + LATE_MS,
    });
    expect(rule.evaluate(state, HOUR_MS + LATE_MS)).toMatchObject({
      status: 'breach',
      why: 'the last beat came 1d 30m ago, expected every 1d with 30m of grace',
    });
  });

  it('takes the latest beat of all replicas, in whatever order they come', () => {
    const state = [beatAt(5_000), beatAt(3_000)].reduce(rule.on, rule.init(0));
    expect(rule.evaluate(state, 6_000).nextMs).toBe(5_000 + LATE_MS);
  });

  it('is there before its first event, and takes its own beats only', () => {
    expect(rule).toMatchObject({ kind: 'heartbeat', startsAlone: true, maxSeriesCount: 1 });
    expect(rule.keyOf(beatAt(0, 'nightly'), 'nightly')).toBe('');
    expect(rule.keyOf(beatAt(0, 'hourly'), 'nightly')).toBeUndefined();
    expect(rule.keyOf(errorAt(0), 'nightly')).toBeUndefined();
  });

  it('fires by time alone, once, however late it is looked at, and ends with the next beat', () => {
    const context = contextOf(rule, 'nightly');
    const series = createSeries(rule, 'nightly', '', 'k3f9', 0);
    expect(series.life.state).toBe('no-data');
    const late = stepSeries(series, [], 72 * HOUR_MS, context);
    expect(late.steps).toMatchObject([
      { from: 'no-data', to: 'firing', atMs: LATE_MS, alert: { id: 'nightly-k3f9-1' } },
    ]);
    const back = stepSeries(late.series, [beatAt(73 * HOUR_MS)], 73 * HOUR_MS, context);
    expect(back.steps).toMatchObject([{ from: 'firing', to: 'ok', atMs: 73 * HOUR_MS }]);
    expect(back.dueAtMs).toBe(73 * HOUR_MS + LATE_MS);
  });

  it('adds `for` to the time, and waits for keepFiringFor of beats in time', () => {
    const strict = heartbeat({ every: '1h', grace: 0, for: '5m', keepFiringFor: '90m' });
    const context = contextOf(strict, 'nightly');
    const series = createSeries(strict, 'nightly', '', 'k3f9', 0);
    const beats = [beatAt(2 * HOUR_MS), beatAt(2.5 * HOUR_MS), beatAt(3 * HOUR_MS)];
    const { steps } = stepSeries(series, beats, 10 * HOUR_MS, context);
    expect(steps.map((step) => [step.to, step.atMs / MINUTE_MS])).toEqual([
      ['pending', 60],
      ['firing', 65],
      ['recovering', 120],
      ['ok', 210],
      ['pending', 240],
      ['firing', 245],
    ]);
  });

  it.each([
    [{}, 'every: expected a duration'],
    [{ every: 0 }, 'every: expected a duration'],
    [{ every: '1h', grace: -1 }, 'grace: expected a duration'],
    [{ every: '1h', severity: 'bad' }, 'severity: expected one of low, medium, high, critical'],
    [{ every: '1h', by: 'route' }, 'by: there is no such option'],
  ])('refuses %j', (options, message) => {
    expect(refusalOf(() => heartbeat(options as HeartbeatOptions)).message).toContain(message);
  });

  it('has a tenth of every as grace', () => {
    const { nextMs } = heartbeat({ every: '1h' }).evaluate({ startedMs: 0, lastMs: null }, 0);
    expect(nextMs).toBe(66 * MINUTE_MS);
  });
});
