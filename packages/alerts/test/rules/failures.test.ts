import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RuleEvent } from '../../src/rule.ts';
import { failures } from '../../src/rules/failures.ts';
import type { FailuresOptions } from '../../src/rules/failures-options.ts';
import type { FailuresState } from '../../src/rules/failures-state.ts';
import { createSeries, type SeriesStep, stepSeries } from '../../src/series.ts';
import { contextOf } from '../series-context.ts';
import { beatAt, errorAt, HOUR_MS, outcomeAt, refusalOf } from './rule-events.ts';

const MINUTE_MS = 60_000;
const fail = (atMs: number, count = 1): RuleEvent => outcomeAt(atMs, false, count);
const succeed = (atMs: number, count = 1): RuleEvent => outcomeAt(atMs, true, count);

function stateAfter(options: FailuresOptions, events: readonly RuleEvent[]): FailuresState {
  const rule = failures(options);
  return events.reduce((state, event) => rule.on(state, event), rule.init(0));
}

function verdictAfter(options: FailuresOptions, events: readonly RuleEvent[], nowMs: number) {
  return failures(options).evaluate(stateAfter(options, events), nowMs);
}

function stepsOf(
  options: FailuresOptions,
  events: readonly RuleEvent[],
  nowMs: number,
): readonly (readonly [SeriesStep['to'], number])[] {
  const rule = failures(options);
  const series = createSeries(rule, 'partners', 'shopify', 'k3f9', 0);
  const { steps } = stepSeries(series, events, nowMs, contextOf(rule, 'partners'));
  return steps.map((step) => [step.to, step.atMs]);
}

describe('which events count', () => {
  const { keyOf } = failures({ consecutive: 5 });
  const labels = { integration: 'shopify' };

  it('outcomes, and errors with the label that were not counted as an outcome', () => {
    expect(keyOf(fail(0), 'x')).toBe('shopify');
    expect(keyOf(succeed(0), 'x')).toBe('shopify');
    expect(keyOf(errorAt(0, 1, labels), 'x')).toBe('shopify');
    expect(keyOf({ ...errorAt(0, 1, labels), isKnownFailure: true } as never, 'x')).toBeUndefined();
    expect(keyOf(errorAt(0), 'x')).toBeUndefined();
    expect(keyOf(beatAt(0), 'x')).toBeUndefined();
  });

  it('by another label where one is given', () => {
    const byRoute = failures({ by: 'route', consecutive: 5 });
    expect(byRoute.keyOf(errorAt(0, 1, { route: '/pay' }), 'x')).toBe('/pay');
    expect(byRoute.keyOf(fail(0), 'x')).toBeUndefined();
    expect(byRoute.labelsOf('/pay')).toEqual({ route: '/pay' });
  });
});

describe('consecutive failures', () => {
  const options = { consecutive: 3, severity: { medium: 3, critical: 6 } } as const;

  it('fire at that many, and climb at that many', () => {
    expect(verdictAfter(options, [fail(0, 2)], 0)).toMatchObject({
      status: 'clear',
      value: 2,
      limit: 3,
      why: '2 failures in a row, fewer than 3',
    });
    expect(verdictAfter(options, [fail(0, 3)], 0)).toMatchObject({
      status: 'breach',
      severity: 'medium',
      value: 3,
      limit: 3,
      why: '3 failures in a row, at least 3 (critical at 6)',
    });
    expect(verdictAfter(options, [fail(0, 6)], 0)).toMatchObject({
      severity: 'critical',
      limit: 6,
      why: '6 failures in a row, at least 6',
    });
  });

  it('begin anew after a success, also within one millisecond', () => {
    const events = [fail(0, 2), succeed(0), fail(0, 2)];
    expect(verdictAfter(options, events, 0)).toMatchObject({ status: 'clear', value: 2 });
    expect(verdictAfter(options, [...events, fail(0)], 0).status).toBe('breach');
  });

  it('put what comes late where it belongs', () => {
    const streakAfter = (...events: RuleEvent[]) => stateAfter(options, events).streak;
    expect(streakAfter(fail(10), fail(20), fail(30), succeed(15))).toBe(2);
    expect(streakAfter(fail(10), succeed(20), fail(15, 7))).toBe(0);
    expect(streakAfter(succeed(20), succeed(10), fail(25))).toBe(1);
    expect(streakAfter(fail(10), succeed(30), fail(40), succeed(20))).toBe(1);
  });

  it('count as a plain list of the outcomes does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 3 })), { maxLength: 60 }),
        (outcomes) => {
          let atMs = 0;
          const events = outcomes.map(([isSuccess, gapMs]) => {
            atMs += gapMs;
            return outcomeAt(atMs, isSuccess);
          });
          const all = outcomes.map(([isSuccess]) => isSuccess);
          expect(stateAfter(options, events).streak).toBe(all.length - 1 - all.lastIndexOf(true));
        },
      ),
    );
  });

  it('that stop without a success are no recovery where successes are told', () => {
    const steps = stepsOf(
      { consecutive: 3, keepFiringFor: 0 },
      [succeed(0), fail(1_000, 3), succeed(100 * HOUR_MS)],
      101 * HOUR_MS,
    );
    expect(steps).toEqual([
      ['ok', 0],
      ['firing', 1_000],
      ['ok', 100 * HOUR_MS],
      // An hour without a call.
      ['no-data', 101 * HOUR_MS],
    ]);
  });

  it('are forgotten after a quiet hour where only errors are told', () => {
    const steps = stepsOf(
      { consecutive: 3, keepFiringFor: 0 },
      [fail(1_000, 3), fail(10 * HOUR_MS, 2)],
      20 * HOUR_MS,
    );
    expect(steps).toEqual([
      ['firing', 1_000],
      ['ok', 1_000 + HOUR_MS],
    ]);
  });
});

describe('failures over a count', () => {
  const options = { over: [3, '1h'], severity: { medium: 3, high: 5 } } as const;

  it('fire at more, climb at more, and say why', () => {
    expect(verdictAfter(options, [fail(0, 3)], 0).status).toBe('holding');
    expect(verdictAfter(options, [fail(0, 4)], 0)).toMatchObject({
      status: 'breach',
      severity: 'medium',
      value: 4,
      limit: 3,
      why: '4 failures in the last 1h, over 3 (high over 5)',
    });
    expect(verdictAfter(options, [fail(0, 6)], 0)).toMatchObject({ severity: 'high', limit: 5 });
  });

  it('are not made up for by successes', () => {
    const events = [fail(0, 4), succeed(MINUTE_MS, 1_000)];
    expect(verdictAfter(options, events, MINUTE_MS).status).toBe('breach');
    expect(verdictAfter(options, events, HOUR_MS)).toMatchObject({
      status: 'clear',
      why: '0 failures in the last 1h, below 2',
    });
  });

  it('that stop are over where only errors are told, and wait for a call where successes are', () => {
    const keep = { ...options, keepFiringFor: 0 };
    expect(stepsOf(keep, [fail(0, 4)], 100 * HOUR_MS).at(-1)).toEqual(['ok', HOUR_MS]);
    const told = stepsOf(keep, [succeed(0), fail(0, 4)], 100 * HOUR_MS);
    expect(told.at(-1)).toEqual(['firing', 0]);
    expect(verdictAfter(options, [succeed(0), fail(5_000, 4)], 2 * HOUR_MS)).toMatchObject({
      status: 'no-data',
      why: '0 calls in the last 1h, the last one 1h 59m ago failed',
    });
  });
});

describe('a share of failures', () => {
  const options = { ratio: [0.5, '5m'] } as const;

  it('fires at that share of at least minEvents calls', () => {
    expect(verdictAfter(options, [succeed(0, 5), fail(0, 4)], 0)).toMatchObject({
      status: 'holding',
      why: '4 of 9 calls (44.4 %) failed in the last 5m, fewer calls than 10',
    });
    expect(verdictAfter(options, [succeed(0, 60), fail(0, 60)], 0)).toMatchObject({
      status: 'breach',
      severity: 'medium',
      value: 0.5,
      limit: 0.5,
      why: '60 of 120 calls (50 %) failed in the last 5m, at least 50 %',
    });
    expect(verdictAfter({ ratio: [1, '5m', 1] }, [fail(0)], 0).status).toBe('breach');
  });

  it('holds between 80 % of the share and the share, and is clear below', () => {
    const at = (failed: number) =>
      verdictAfter(options, [succeed(0, 100 - failed), fail(0, failed)], 0);
    expect(at(49)).toMatchObject({ status: 'holding', why: expect.stringContaining('40 %') });
    expect(at(40).status).toBe('holding');
    expect(at(39)).toMatchObject({
      status: 'clear',
      why: '39 of 100 calls (39 %) failed in the last 5m, below 40 %',
    });
  });

  it('is clear after few calls that all succeed, and says nothing after few of which some fail', () => {
    const events = [fail(0, 20), succeed(HOUR_MS, 2)];
    expect(verdictAfter(options, events, HOUR_MS).status).toBe('clear');
    expect(verdictAfter(options, [...events, fail(HOUR_MS)], HOUR_MS).status).toBe('holding');
  });

  it('counts the window and at most a 60th of it more, and changes only when announced', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.array(
          fc.record({
            gapMs: fc.integer({ min: 0, max: 60 }),
            lateMs: fc.integer({ min: 0, max: 40 }),
            count: fc.integer({ min: 1, max: 3 }),
            isSuccess: fc.boolean(),
          }),
          { minLength: 1, maxLength: 40 },
        ),
        (withinMs, arrivals) => {
          const rule = failures({ ratio: [0.5, withinMs, 1] });
          const bucketMs = Math.max(1, Math.ceil(withinMs / 60));
          const all: RuleEvent[] = [];
          let state = rule.init(0);
          let nowMs = 10_000;
          for (const { gapMs, lateMs, count, isSuccess } of arrivals) {
            const { nextMs = Infinity, status } = rule.evaluate(state, nowMs);
            const beforeMs = Math.min(nowMs + gapMs, nextMs - 1);
            expect(rule.evaluate(state, beforeMs).status).toBe(status);
            nowMs += gapMs;
            const event = outcomeAt(nowMs - lateMs, isSuccess, count);
            all.push(event);
            state = rule.on(state, event);
            const [, calls] = /of (\d+) call/.exec(rule.evaluate(state, nowMs).why) ?? [];
            if (calls === undefined) continue;
            const since = (ms: number): number =>
              all.filter((one) => one.atMs > nowMs - ms).reduce((sum, one) => sum + one.count, 0);
            expect(Number(calls)).toBeGreaterThanOrEqual(since(withinMs));
            // Buckets are whole milliseconds, so for short windows their sum is a little longer.
            expect(Number(calls)).toBeLessThanOrEqual(since(61 * bucketMs));
          }
        },
      ),
    );
  });
});

describe('several conditions', () => {
  const options = {
    by: 'integration',
    consecutive: 5,
    over: [10, '1h'],
    severity: { medium: 10, high: 20, critical: 50 },
  } as const;

  it('fire by any, with the severity by the count', () => {
    expect(verdictAfter(options, [fail(0, 5)], 0)).toMatchObject({
      status: 'breach',
      severity: 'medium',
      why: '5 failures in a row, at least 5',
    });
    expect(verdictAfter(options, [fail(0, 21)], 0)).toMatchObject({
      status: 'breach',
      severity: 'high',
      value: 21,
      limit: 20,
      why: '21 failures in the last 1h, over 20 (critical over 50); 21 failures in a row, at least 5',
    });
  });

  it('are clear only when all are, and say so', () => {
    expect(verdictAfter(options, [fail(0, 9), succeed(1)], 1).status).toBe('holding');
    expect(verdictAfter(options, [fail(0, 2), succeed(1)], 1)).toMatchObject({
      status: 'clear',
      why: '2 failures in the last 1h, below 8; 0 failures in a row, fewer than 5',
    });
  });

  it('know nothing before the first call', () => {
    expect(verdictAfter(options, [], 0)).toMatchObject({
      status: 'no-data',
      why: '0 calls so far',
    });
  });
});

describe('failures options', () => {
  const messageOf = (options: unknown): string =>
    refusalOf(() => failures(options as FailuresOptions)).message;

  it('have the defaults that the documentation names', () => {
    expect(failures({ consecutive: 5 })).toMatchObject({
      severities: ['medium'],
      keepFiringForMs: 5 * MINUTE_MS,
      maxSeriesCount: 100,
      lookbackMs: 48 * HOUR_MS,
    });
    expect(failures({ over: [10, '1h'] }).keepFiringForMs).toBe(15 * MINUTE_MS);
    expect(failures({ over: [10, '1h'] }).lookbackMs).toBe(HOUR_MS);
  });

  it.each([
    [{}, 'could never fire: expected one of consecutive, over, ratio'],
    [{ consecutive: 0 }, 'consecutive: expected an integer from 1 to 100000, got 0'],
    [{ over: 10 }, "over: expected [count, within], such as [10, '1h'], got 10"],
    [{ over: [10, 'x'] }, "over.1: expected a duration ('250ms'"],
    [{ over: [-1, '1h'] }, 'over.0: expected an integer from 0 to 100000, got -1'],
    [{ ratio: [0, '5m'] }, 'ratio.0: expected a share above 0 and at most 1, got 0'],
    [{ ratio: [1.5, '5m'] }, 'ratio.0: expected a share above 0 and at most 1, got 1.5'],
    [{ ratio: [0.5, '5m', 0] }, 'ratio.2: expected an integer from 1 to 100000, got 0'],
    [{ ratio: [0.5, '5m', 1, 1] }, 'ratio: expected [share, within]'],
    [{ consecutive: 5, clearBelow: 3 }, 'clearBelow: it is held against the count of over'],
    [{ over: [5, '1h'], clearBelow: 9 }, 'clearBelow: a count that fires would already be below'],
    [{ over: [5, '1h'], clearBelow: 0 }, 'clearBelow: could never clear'],
    [
      { over: [5, '1h'], severity: { medium: 3 } },
      'severity.medium: expected the mildest step to be the count of over (5)',
    ],
    [
      { consecutive: 5, severity: { low: 5, high: 4 } },
      'severity.high: expected more than low (5), got 4',
    ],
    [
      { consecutive: 5, severity: { low: 3 } },
      'severity.low: expected the mildest step to be consecutive (5)',
    ],
    [{ ratio: [0.5, '5m'], severity: { low: 3 } }, 'severity: a ladder needs the count of over'],
    [{ consecutive: 5, by: 'fingerprint' }, 'by: expected a label: calls have no fingerprint'],
  ])('%j are refused', (options, message) => {
    expect(messageOf(options)).toContain(message);
  });
});
