import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rule } from '../../src/rule.ts';
import { type SpikeState, spike } from '../../src/rules/spike.ts';
import type { SpikeOptions } from '../../src/rules/spike-options.ts';
import { errorAt, HOUR_MS, refusalOf } from './rule-events.ts';

const ladder = { over: 3, within: '1h', severity: { medium: 3, high: 5 } } as const;

function stateAfter(rule: Rule<SpikeState>, times: readonly number[]): SpikeState {
  return times.reduce((state, atMs) => rule.on(state, errorAt(atMs)), rule.init(0));
}

function messageOf(options: unknown): string {
  return refusalOf(() => spike(options as SpikeOptions)).message;
}

describe('spike verdicts', () => {
  it('fire at strictly more than `over`, and say why', () => {
    const rule = spike(ladder);
    expect(rule.evaluate(stateAfter(rule, [0, 1, 2]), 2)).toEqual({
      status: 'holding',
      value: 3,
      limit: 3,
      why: '3 errors in the last 1h, not over 3 but not below 2',
      nextMs: 1 + HOUR_MS,
    });
    expect(rule.evaluate(stateAfter(rule, [0, 1, 2, 3]), 3)).toEqual({
      status: 'breach',
      severity: 'medium',
      value: 4,
      limit: 3,
      why: '4 errors in the last 1h, over 3 (high over 5)',
      // No longer over 3 when the first leaves: what is pending must know.
      nextMs: HOUR_MS,
    });
  });

  it('climb the ladder at strictly more than each step, and count up to its top', () => {
    const rule = spike(ladder);
    const verdict = (count: number) => rule.evaluate(rule.on(rule.init(0), errorAt(0, count)), 0);
    expect(verdict(5)).toMatchObject({ severity: 'medium' });
    expect(verdict(6)).toMatchObject({
      severity: 'high',
      why: '6 errors in the last 1h, over 5',
    });
    expect(verdict(1_000_000).why).toBe('at least 7 errors in the last 1h, over 5');
  });

  it('are clear below `clearBelow`, an error leaving the window exactly `within` after it came', () => {
    const rule = spike({ over: 3, within: 100, clearBelow: 1, severity: 'low' });
    const state = stateAfter(rule, [0]);
    expect(rule.evaluate(state, 99)).toMatchObject({ status: 'holding', nextMs: 100 });
    expect(rule.evaluate(state, 100)).toEqual({
      status: 'clear',
      value: 0,
      limit: 1,
      why: '0 errors in the last 100ms, below 1',
      nextMs: undefined,
    });
  });

  it('over 0 fires at the first error and clears at none', () => {
    const rule = spike({ over: 0, within: 100 });
    const state = stateAfter(rule, [0]);
    expect(rule.evaluate(rule.init(0), 0)).toMatchObject({ status: 'clear' });
    expect(rule.evaluate(state, 0)).toMatchObject({ status: 'breach', value: 1 });
    expect(rule.evaluate(state, 100)).toMatchObject({ status: 'clear' });
  });

  it('agree between announced and actual leaving time for windows with fractions', () => {
    const rule = spike({ over: 0, within: 0.1 });
    for (let at = 1_790_000_000_000; at < 1_790_000_001_000; at += 1) {
      const { nextMs = Number.NaN } = rule.evaluate(stateAfter(rule, [at]), at);
      expect(rule.evaluate(stateAfter(rule, [at]), nextMs).status).toBe('clear');
    }
  });

  it('are those of a count by hand, for late events and runs too, and change only when announced', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 1, max: 5 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 60 }),
        fc.array(
          fc.record({
            gapMs: fc.integer({ min: 0, max: 20 }),
            lateMs: fc.integer({ min: 0, max: 15 }),
            count: fc.integer({ min: 1, max: 4 }),
          }),
          { minLength: 1, maxLength: 40 },
        ),
        (over, higher, clearRatio, withinMs, arrivals) => {
          const clearBelow = Math.max(1, Math.ceil(clearRatio * over));
          const rule = spike({
            over,
            within: withinMs,
            clearBelow,
            severity: { medium: over, critical: over + higher },
          });
          const all: number[] = [];
          let state = rule.init(0);
          let nowMs = 1_000;
          let announced: { readonly status: string; readonly untilMs: number } | undefined;
          for (const { gapMs, lateMs, count } of arrivals) {
            for (let step = 0; step <= gapMs; step += 1) {
              const at = nowMs + step;
              const inside = all.filter((time) => time + withinMs > at).length;
              const verdict = rule.evaluate(state, at);
              const status = inside > over ? 'breach' : inside < clearBelow ? 'clear' : 'holding';
              expect(verdict).toMatchObject({
                status,
                value: Math.min(inside, over + higher + 2),
                ...(status === 'breach' && {
                  severity: inside > over + higher ? 'critical' : 'medium',
                }),
              });
              const isAnnounced = announced !== undefined && at < announced.untilMs;
              expect(isAnnounced ? announced?.status : status).toBe(status);
              announced = { status, untilMs: verdict.nextMs ?? Infinity };
            }
            nowMs += gapMs;
            for (let index = 0; index < count; index += 1) all.push(nowMs - lateMs);
            state = rule.on(state, errorAt(nowMs - lateMs, count));
            announced = undefined;
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('spike defaults', () => {
  it('clear below 80 % of over, and keep firing for a quarter of the window, at least 5 minutes', () => {
    const rule = spike({ over: 100, within: '1h' });
    expect(rule).toMatchObject({
      kind: 'spike',
      keepFiringForMs: 15 * 60_000,
      forMs: 0,
      severities: ['medium'],
      lookbackMs: HOUR_MS,
      maxSeriesCount: 1,
      announcesEnd: true,
      runbook: null,
    });
    expect(rule.evaluate(rule.on(rule.init(0), errorAt(0, 80)), 0).why).toContain('not below 80');
    expect(spike({ over: 100, within: '1m' }).keepFiringForMs).toBe(5 * 60_000);
  });
});

describe('a spike of any size', () => {
  it('is little to store', () => {
    const rule = spike({ over: 10_000, within: '1h' });
    let state = rule.init(0);
    for (let at = 0; at < 10_001; at += 1) state = rule.on(state, errorAt(1_790_000_000_000 + at));
    expect(rule.evaluate(state, 1_790_000_010_002)).toMatchObject({ status: 'breach' });
    // 10,001 different milliseconds: two characters each, and 19 for each chunk.
    expect(JSON.stringify(state).length).toBeLessThan(23_000);
    expect(rule.isState?.(state)).toBe(true);
  });
});

describe('spike options', () => {
  it('are refused together, each by its name, with the value and what was expected', () => {
    const message = messageOf({ over: -1, within: '1 hour', clearBelw: 80, severity: 'hihg' });
    expect(message.replace('spike: ', '').split('; ')).toEqual([
      'over: expected an integer from 0 to 100000, got -1',
      expect.stringMatching(/^within: expected a duration .*, got '1 hour'$/),
      "severity: expected one of low, medium, high, critical, or a ladder such as { medium: 100, high: 200 }, got 'hihg'",
      'clearBelw: there is no such option, expected one of over, within, clearBelow, severity, for, keepFiringFor, runbook, where, by, maxSeries, got 80',
    ]);
  });

  it('cannot be thresholds that never clear, or that clear while firing', () => {
    expect(messageOf({ over: 100, within: '1h', clearBelow: 0 })).toContain(
      'clearBelow: could never clear',
    );
    expect(messageOf({ over: 100, within: '1h', clearBelow: 150 })).toContain(
      'clearBelow: a count that fires would already be below it; expected at most 100, got 150',
    );
  });

  it('cannot be a ladder that starts elsewhere, is out of order, or has unknown steps', () => {
    const over = { over: 100, within: '1h' } as const;
    expect(messageOf({ ...over, severity: { medium: 50, high: 200 } })).toContain(
      'severity.medium: expected the mildest step to be over (100), where the alert starts, got 50',
    );
    expect(messageOf({ ...over, severity: { high: 200 } })).toContain(
      'severity.high: expected the',
    );
    expect(messageOf({ ...over, severity: { medium: 100, high: 300, critical: 200 } })).toContain(
      'severity.critical: expected more than high (300), got 200',
    );
    const message = messageOf({ ...over, severity: { medium: 100, hihg: 200, critical: 'x' } });
    expect(message).toContain('severity.hihg: no such severity');
    expect(message).toContain('severity.critical: expected an integer');
    expect(messageOf({ ...over, severity: {} })).toContain('severity: expected at least one step');
  });

  it('are refused with an error that says so by name and code', () => {
    expect(refusalOf(() => spike({ over: -1, within: '1h' }))).toMatchObject({
      name: 'InvalidOptionsError',
      code: 'ERR_OPS_INVALID_OPTIONS',
    });
  });

  it.each([undefined, null, 5, 'x', []])('cannot be %s', (options) => {
    expect(messageOf(options)).toMatch(/^spike: options: expected object/);
  });
});
