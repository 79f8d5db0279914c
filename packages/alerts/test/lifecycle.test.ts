import { describe, expect, it } from 'vitest';
import { advance, type Lifecycle, NEVER_FIRED, nextStepMs } from '../src/lifecycle.ts';
import type { Verdict } from '../src/rule.ts';

const facts = { value: 0, limit: 0, why: '', clearsAtMs: 500 };
const clear: Verdict = { ...facts, status: 'clear', clearsAtMs: undefined };
const holding: Verdict = { ...facts, status: 'holding' };
const medium: Verdict = { ...facts, status: 'breach', severity: 'medium' };
const high: Verdict = { ...facts, status: 'breach', severity: 'high' };
const KEEP_MS = 100;

function run(...steps: readonly (readonly [Verdict, number])[]): Lifecycle {
  return steps.reduce((life, [verdict, at]) => advance(life, verdict, at, KEEP_MS), NEVER_FIRED);
}

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
  ])('starts the wait anew after a %s', (_, verdict) => {
    const again = run([medium, 0], [clear, 10], [verdict, 100], [clear, 105], [clear, 204]);
    expect(again).toMatchObject({ state: 'recovering', clearSinceMs: 105, startedMs: 0 });
  });

  it('does not wait where keepFiringFor is 0', () => {
    expect(advance(run([medium, 0]), clear, 10, 0)).toEqual({ state: 'ok', epoch: 1 });
  });

  it('gets worse and never milder; the next alert starts anew', () => {
    expect(run([medium, 0], [high, 1], [medium, 2])).toMatchObject({ severity: 'high', epoch: 1 });
    const next = run([high, 0], [clear, 1], [clear, 200], [medium, 300]);
    expect(next).toMatchObject({ severity: 'medium', epoch: 2, startedMs: 300 });
  });

  it('knows when time alone will change it', () => {
    expect(nextStepMs(NEVER_FIRED, clear, KEEP_MS)).toBeUndefined();
    expect(nextStepMs(run([medium, 0]), medium, KEEP_MS)).toBe(500);
    expect(nextStepMs(run([medium, 0], [clear, 10]), clear, KEEP_MS)).toBe(110);
  });

  it('changes no state it is given', () => {
    const firing = Object.freeze(run([medium, 0]));
    expect(advance(firing, holding, 5, KEEP_MS)).toBe(firing);
    expect(() => advance(firing, high, 5, KEEP_MS)).not.toThrow();
  });
});
