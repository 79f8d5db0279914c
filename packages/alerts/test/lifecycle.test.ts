import { describe, expect, it } from 'vitest';
import {
  advance,
  dismiss,
  isLifecycle,
  type Lifecycle,
  NEVER_FIRED,
  nextStepMs,
} from '../src/lifecycle.ts';
import type { Verdict } from '../src/rule.ts';

const facts = { value: 0, limit: 0, why: '', nextMs: 500 };
const clear: Verdict = { ...facts, status: 'clear', nextMs: undefined };
const holding: Verdict = { ...facts, status: 'holding' };
const noData: Verdict = { ...facts, status: 'no-data', nextMs: undefined };
const medium: Verdict = { ...facts, status: 'breach', severity: 'medium' };
const high: Verdict = { ...facts, status: 'breach', severity: 'high' };
const AT_ONCE = { forMs: 0, keepFiringForMs: 100 };
const PATIENT = { forMs: 50, keepFiringForMs: 100 };

type Step = readonly [Verdict, number];

function runFrom(life: Lifecycle, waits: typeof AT_ONCE, ...steps: readonly Step[]): Lifecycle {
  return steps.reduce((before, [verdict, at]) => advance(before, verdict, at, waits), life);
}

const run = (...steps: readonly Step[]): Lifecycle => runFrom(NEVER_FIRED, AT_ONCE, ...steps);
const wait = (...steps: readonly Step[]): Lifecycle => runFrom(NEVER_FIRED, PATIENT, ...steps);

describe('the life of an alert', () => {
  it('begins with a breach and not before', () => {
    expect(run([holding, 1])).toBe(NEVER_FIRED);
    expect(run([medium, 2])).toEqual({
      state: 'firing',
      epoch: 1,
      severity: 'medium',
      startedMs: 2,
    });
  });

  it('waits from the first clear on, and ends when keepFiringFor has passed', () => {
    expect(run([medium, 0], [clear, 10])).toMatchObject({ state: 'recovering', clearSinceMs: 10 });
    expect(run([medium, 0], [clear, 10], [clear, 109])).toMatchObject({ state: 'recovering' });
    expect(run([medium, 0], [clear, 10], [clear, 110])).toEqual({ state: 'ok', epoch: 1 });
  });

  it.each([
    ['breach', medium],
    ['holding', holding],
    ['no-data', noData],
  ])('starts the wait anew after a %s', (_, verdict) => {
    const again = run([medium, 0], [clear, 10], [verdict, 100], [clear, 105], [clear, 204]);
    expect(again).toMatchObject({ state: 'recovering', clearSinceMs: 105, startedMs: 0 });
  });

  it('does not wait where keepFiringFor is 0', () => {
    const waits = { forMs: 0, keepFiringForMs: 0 };
    expect(advance(run([medium, 0]), clear, 10, waits)).toEqual({ state: 'ok', epoch: 1 });
  });

  it('gets worse and never milder; the next alert starts anew', () => {
    expect(run([medium, 0], [high, 1], [medium, 2])).toMatchObject({ severity: 'high', epoch: 1 });
    const next = run([high, 0], [clear, 1], [clear, 200], [medium, 300]);
    expect(next).toMatchObject({ severity: 'medium', epoch: 2, startedMs: 300 });
  });

  it('goes back to firing and gets worse in one step', () => {
    expect(run([medium, 0], [clear, 1], [high, 2])).toEqual({
      state: 'firing',
      epoch: 1,
      severity: 'high',
      startedMs: 0,
    });
  });

  it('stays through no-data, which by itself starts none and is not ok', () => {
    expect(run([medium, 0], [noData, 1_000])).toMatchObject({ state: 'firing' });
    expect(run([noData, 0])).toEqual({ state: 'no-data', epoch: 0 });
    expect(run([noData, 0], [holding, 1])).toEqual({ state: 'ok', epoch: 0 });
    expect(run([noData, 0], [medium, 1])).toMatchObject({ state: 'firing' });
  });

  it('changes no state it is given', () => {
    const firing = Object.freeze(run([medium, 0]));
    expect(advance(firing, holding, 5, AT_ONCE)).toBe(firing);
    expect(() => advance(firing, high, 5, AT_ONCE)).not.toThrow();
  });
});

describe('`for`', () => {
  it('fires when at least that much time has passed since the first breach', () => {
    expect(wait([medium, 0])).toEqual({ state: 'pending', epoch: 0, sinceMs: 0 });
    expect(wait([medium, 0], [medium, 49])).toMatchObject({ state: 'pending', sinceMs: 0 });
    // The severity is that of the moment it fires.
    expect(wait([medium, 0], [high, 50])).toEqual({
      state: 'firing',
      epoch: 1,
      severity: 'high',
      startedMs: 50,
    });
  });

  it.each([
    ['clear', clear, 'ok'],
    ['holding', holding, 'ok'],
    ['no-data', noData, 'no-data'],
  ])('starts anew after a %s', (_, verdict, state) => {
    expect(wait([medium, 0], [verdict, 40])).toEqual({ state, epoch: 0 });
    expect(wait([medium, 0], [verdict, 40], [medium, 45], [medium, 94])).toMatchObject({
      state: 'pending',
      sinceMs: 45,
    });
  });

  it('does not hold back what fires already: not on its return, nor when a new version waits longer', () => {
    const firing = wait([medium, 0], [medium, 50]);
    expect(runFrom(firing, PATIENT, [clear, 60], [medium, 61])).toMatchObject({ state: 'firing' });
    expect(advance(firing, medium, 51, { forMs: 5_000, keepFiringForMs: 0 })).toBe(firing);
  });

  it('fires at once when a new version does not wait', () => {
    expect(advance(wait([medium, 0]), medium, 1, AT_ONCE)).toMatchObject({ state: 'firing' });
  });
});

// After TestKeepFiringFor and TestPendingAndKeepFiringFor of Prometheus' rules/alerting_test.go:
// one evaluation a minute of a gauge that is or is not over its threshold.
describe.each([
  ['keep_firing_for: 1m', 0, 1, '1100010000', ['F', 'F', 'F', '-', '-', 'F', 'F', '-', '-', '-']],
  ['for: 1m, keep_firing_for: 1m', 1, 1, '11001000', ['p', 'F', 'F', '-', 'p', '-', '-', '-']],
  ['keep_firing_for: 5m, back in time', 0, 5, '10000100', 'FFFFFFFF'.split('')],
])('as Prometheus: %s', (_, forMinutes, keepMinutes, gauge, expected) => {
  it('at every evaluation', () => {
    const waits = { forMs: forMinutes * 60_000, keepFiringForMs: keepMinutes * 60_000 };
    let life = NEVER_FIRED;
    const letters = gauge.split('').map((value, minute) => {
      life = advance(life, value === '1' ? medium : clear, minute * 60_000, waits);
      return { ok: '-', 'no-data': '?', pending: 'p', firing: 'F', recovering: 'F' }[life.state];
    });
    expect(letters).toEqual(expected);
  });
});

describe('an alert ended by hand', () => {
  const dismissed = dismiss(run([medium, 0]));

  it('does not fire again while its condition lasts', () => {
    expect(dismissed).toEqual({ state: 'ok', epoch: 1, dismissed: 'medium' });
    expect(runFrom(dismissed, AT_ONCE, [medium, 10], [holding, 20], [medium, 30])).toEqual(
      dismissed,
    );
    expect(runFrom(dismissed, AT_ONCE, [noData, 10], [medium, 30])).toEqual(dismissed);
  });

  it('fires again after it has cleared once, or when it gets worse', () => {
    expect(runFrom(dismissed, AT_ONCE, [clear, 10], [medium, 20])).toMatchObject({
      state: 'firing',
      epoch: 2,
    });
    expect(runFrom(dismissed, AT_ONCE, [high, 10])).toMatchObject({ severity: 'high', epoch: 2 });
  });

  it('is none where there was none', () => {
    expect(dismiss(NEVER_FIRED)).toBe(NEVER_FIRED);
  });
});

describe('when time alone will change it', () => {
  it('is the earlier of its wait and what the rule announces', () => {
    expect(nextStepMs(NEVER_FIRED, clear, AT_ONCE)).toBeUndefined();
    expect(nextStepMs(NEVER_FIRED, holding, AT_ONCE)).toBe(500);
    expect(nextStepMs(run([medium, 0]), medium, AT_ONCE)).toBe(500);
    expect(nextStepMs(run([medium, 0], [clear, 10]), clear, AT_ONCE)).toBe(110);
    expect(nextStepMs(wait([medium, 0]), medium, PATIENT)).toBe(50);
    expect(nextStepMs(wait([medium, 480]), medium, PATIENT)).toBe(500);
  });
});

describe('a stored life', () => {
  it('is one in each of its states', () => {
    const lives = [NEVER_FIRED, run([noData, 0]), wait([medium, 0]), run([medium, 0])];
    for (const life of [...lives, run([medium, 0], [clear, 1]), dismiss(run([medium, 0]))]) {
      expect(isLifecycle(JSON.parse(JSON.stringify(life)))).toBe(true);
    }
  });

  it.each([
    null,
    [],
    'ok',
    { state: 'ok' },
    { state: 'ok', epoch: -1 },
    { state: 'ok', epoch: 1, dismissed: 'bad' },
    { state: 'sleeping', epoch: 1 },
    { state: 'pending', epoch: 0 },
    { state: 'firing', epoch: 1, startedMs: 0 },
    { state: 'firing', epoch: 1, severity: 'high', startedMs: null },
    { state: 'recovering', epoch: 1, severity: 'high', startedMs: 0 },
  ])('%j is none', (value) => {
    expect(isLifecycle(value)).toBe(false);
  });
});
