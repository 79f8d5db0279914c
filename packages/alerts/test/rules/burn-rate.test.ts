import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RuleEvent, Verdict } from '../../src/rule.ts';
import { type BurnRateRule, type BurnRateState, burnRate } from '../../src/rules/burn-rate.ts';
import type { BurnRateOptions, BurnWindow } from '../../src/rules/burn-rate-options.ts';
import {
  DAY_MS,
  deepFreeze,
  errorAt,
  HOUR_MS,
  outcomeAt,
  refusalOf,
  stored,
} from './rule-events.ts';

const MINUTE_MS = 60_000;
/** The start of a bucket in windows of every length used here. */
const START_MS = 1_728_000_000_000;
const BUCKETS = 30;

const checkout = burnRate({ objective: 0.999, minEvents: 200 });

function fold(rule: BurnRateRule, events: readonly RuleEvent[]): BurnRateState {
  return events.reduce((state, event) => rule.on(state, event), rule.init(START_MS));
}

/** Each minute so many calls, of which so many fail. */
function traffic(fromMs: number, minutes: number, calls: number, failures: number): RuleEvent[] {
  return Array.from({ length: minutes }, (_, minute) => fromMs + minute * MINUTE_MS).flatMap(
    (atMs) => [
      ...(calls > failures ? [outcomeAt(atMs, true, calls - failures)] : []),
      ...(failures > 0 ? [outcomeAt(atMs, false, failures)] : []),
    ],
  );
}

describe('the verdict', () => {
  it('is a breach of the worst pair of which both windows burn, and says how fast', () => {
    const events = [
      ...traffic(START_MS, 55, 70, 1),
      ...traffic(START_MS + 55 * MINUTE_MS, 5, 72, 2),
    ];
    const nowMs = START_MS + 60 * MINUTE_MS - 1;
    expect(checkout.evaluate(fold(checkout, events), nowMs)).toEqual({
      status: 'breach',
      severity: 'critical',
      value: 15.44,
      limit: 14.4,
      why:
        'error budget burns 15 times too fast: 1.5 % of 4,210 calls failed in the last 1h' +
        ' and 2.8 % of 360 in the last 5m; limit 14.4, objective 99.9 %',
      // The first ten seconds of the five minutes leave.
      nextMs: START_MS + HOUR_MS,
    });
  });

  it('falls to a milder pair when the short window has recovered, then clears', () => {
    const failing = traffic(START_MS, 60, 100, 10);
    const recovered = traffic(START_MS + HOUR_MS, 60, 100, 0);
    const at = (minutes: number): Verdict => {
      const nowMs = START_MS + HOUR_MS + minutes * MINUTE_MS - 1;
      const events = [...failing, ...recovered].filter((event) => event.atMs <= nowMs);
      return checkout.evaluate(fold(checkout, events), nowMs);
    };
    expect(at(0)).toMatchObject({ severity: 'critical' });
    // 4 of the last 5 minutes are good: 2 % is still more than 14.4 times 0.1 %.
    expect(at(4)).toMatchObject({ severity: 'critical' });
    expect(at(6)).toMatchObject({ status: 'breach', severity: 'high', limit: 6 });
    expect(at(32)).toMatchObject({ status: 'breach', severity: 'low', limit: 1 });
    expect(at(59).why).toContain('in the last 3d and');
  });

  it('is clear where a pair has enough calls, by the pair that is nearest to its limit', () => {
    const verdict = checkout.evaluate(
      fold(checkout, [
        ...traffic(START_MS, 20, 100, 0),
        outcomeAt(START_MS + 19 * MINUTE_MS, false),
      ]),
      START_MS + 20 * MINUTE_MS - 1,
    );
    expect(verdict).toMatchObject({ status: 'clear', value: 0.5, limit: 1 });
    expect(verdict.why).toBe(
      'error budget burns 0.5 times as fast as it may: 0.05 % of 2,001 calls failed in the last 3d' +
        ' and 0.05 % of 2,001 in the last 6h; limit 1, objective 99.9 %',
    );
  });

  it('is no-data below `minEvents` in every long window, and for no calls at all', () => {
    expect(checkout.evaluate(checkout.init(START_MS), START_MS)).toEqual({
      status: 'no-data',
      value: null,
      limit: 14.4,
      why: '0 calls in the last 1h, fewer than the 200 it takes to tell; limit 14.4, objective 99.9 %',
      nextMs: undefined,
    });
    const few = fold(checkout, [outcomeAt(START_MS, false, 199)]);
    expect(checkout.evaluate(few, START_MS).status).toBe('no-data');
    const enough = fold(checkout, [outcomeAt(START_MS, false, 200)]);
    expect(checkout.evaluate(enough, START_MS)).toMatchObject({ status: 'breach', value: 1_000 });
  });

  it('keeps an alert, and starts none, while no call comes to tell whether it is over', () => {
    const rule = burnRate({
      objective: 0.99,
      windows: [{ long: '1h', short: '5m', factor: 10, severity: 'high' }],
    });
    const state = fold(rule, traffic(START_MS, 10, 50, 50));
    const silent = rule.evaluate(state, START_MS + 30 * MINUTE_MS);
    expect(silent.status).toBe('holding');
    expect(silent.why).toBe(
      'error budget burns 100 times too fast: 100 % of 500 calls failed in the last 1h' +
        ' and none came in the last 5m; limit 10, objective 99 %',
    );
    expect(rule.evaluate(state, START_MS + 2 * HOUR_MS).status).toBe('no-data');
  });
});

interface Call {
  readonly atMs: number;
  readonly isSuccess: boolean;
  readonly count: number;
}

/** From every call there was: the window is made of whole thirtieths, the last one begun. */
function naiveStatus(
  calls: readonly Call[],
  nowMs: number,
  objective: number,
  minEvents: number,
  pairs: readonly { longMs: number; shortMs: number; factor: number }[],
): Verdict['status'] {
  const ratio = (lengthMs: number): { total: number; burn: number } => {
    const bucketMs = lengthMs / BUCKETS;
    const fromMs = (Math.floor(nowMs / bucketMs) - BUCKETS + 1) * bucketMs;
    const inside = calls.filter(({ atMs }) => atMs >= fromMs && atMs <= nowMs);
    const total = inside.reduce((sum, { count }) => sum + count, 0);
    const failed = inside.reduce((sum, { count, isSuccess }) => sum + (isSuccess ? 0 : count), 0);
    return { total, burn: total === 0 ? 0 : failed / total / (1 - objective) };
  };
  const statuses = pairs.map<Verdict['status']>(({ longMs, shortMs, factor }) => {
    const long = ratio(longMs);
    const short = ratio(shortMs);
    if (long.total < minEvents) return 'no-data';
    if (long.burn <= factor + 1e-9) return 'clear';
    if (short.total === 0) return 'holding';
    return short.burn > factor + 1e-9 ? 'breach' : 'clear';
  });
  const gravest = (['breach', 'holding', 'clear'] as const).find((one) => statuses.includes(one));
  return gravest ?? 'no-data';
}

describe('as a reducer', () => {
  const timeline = fc.array(
    fc.record({
      gapMs: fc.oneof(fc.nat(20_000), fc.nat(10 * MINUTE_MS), fc.nat(5 * HOUR_MS)),
      isSuccess: fc.boolean(),
      count: fc.oneof(
        fc.constant(1),
        fc.nat(500).map((count) => count + 1),
      ),
      /** Told late by another replica. */
      lateMs: fc.oneof(fc.constant(0), fc.nat(30_000)),
    }),
    { minLength: 1, maxLength: 50 },
  );

  it('agrees with a count by hand at every time it announces, and changes at no other', () => {
    const pairs = [
      { longMs: HOUR_MS, shortMs: 5 * MINUTE_MS, factor: 5 },
      { longMs: 6 * HOUR_MS, shortMs: 30 * MINUTE_MS, factor: 2 },
    ];
    const windows: readonly BurnWindow[] = pairs.map(({ longMs, shortMs, factor }) => ({
      long: longMs,
      short: shortMs,
      factor,
      severity: 'high',
    }));
    const rule = burnRate({ objective: 0.9, minEvents: 20, windows });
    fc.assert(
      fc.property(timeline, (entries) => {
        const calls: Call[] = [];
        let nowMs = START_MS;
        let state = rule.init(nowMs);
        for (const { gapMs, isSuccess, count, lateMs } of entries) {
          nowMs += gapMs;
          const atMs = Math.max(START_MS, nowMs - lateMs);
          calls.push({ atMs, isSuccess, count });
          state = rule.on(state, outcomeAt(atMs, isSuccess, count));
          let verdict = rule.evaluate(state, nowMs);
          let lookMs = nowMs;
          for (let looks = 0; looks < 5; looks += 1) {
            expect(verdict.status).toBe(naiveStatus(calls, lookMs, 0.9, 20, pairs));
            const { nextMs } = verdict;
            if (nextMs === undefined) break;
            expect(nextMs).toBeGreaterThan(lookMs);
            expect(rule.evaluate(state, nextMs - 1)).toEqual(verdict);
            lookMs = nextMs;
            verdict = rule.evaluate(state, nextMs);
          }
        }
      }),
    );
  });

  it('changes nothing, is plain JSON below 4 kB, and does not mind how runs were split', () => {
    fc.assert(
      fc.property(timeline, (entries) => {
        let nowMs = START_MS;
        let whole = checkout.init(nowMs);
        let split = stored(whole);
        for (const { gapMs, isSuccess, count } of entries) {
          nowMs += gapMs;
          whole = checkout.on(deepFreeze(whole), deepFreeze(outcomeAt(nowMs, isSuccess, count)));
          split = checkout.on(split, outcomeAt(nowMs, isSuccess, Math.ceil(count / 2)));
          if (count > 1)
            split = checkout.on(split, outcomeAt(nowMs, isSuccess, Math.floor(count / 2)));
          split = stored(split);
        }
        expect(split).toEqual(whole);
        expect(checkout.isState?.(split)).toBe(true);
        expect(checkout.evaluate(deepFreeze(whole), nowMs)).toEqual(
          checkout.evaluate(split, nowMs),
        );
      }),
    );
    const heavy = fold(checkout, traffic(START_MS, 3 * 24 * 60, 99_000, 900));
    expect(JSON.stringify(heavy).length).toBeLessThan(4_096);
  });

  it('bears counts as large as they come', () => {
    const most = Number.MAX_SAFE_INTEGER;
    const state = fold(checkout, [
      outcomeAt(START_MS, false, most),
      outcomeAt(START_MS, false, most),
      outcomeAt(START_MS + DAY_MS, false, most),
    ]);
    expect(checkout.isState?.(stored(state))).toBe(true);
    expect(checkout.evaluate(state, START_MS + DAY_MS)).toMatchObject({ status: 'breach' });
  });

  it('does not go on from a state of other windows, or from none', () => {
    const windows: BurnWindow[] = [{ long: '1h', short: '5m', factor: 2, severity: 'low' }];
    const state = checkout.init(START_MS);
    const [first, ...others] = state;
    expect(burnRate({ objective: 0.9, windows }).isState?.(state)).toBe(false);
    for (const one of [null, {}, [], others, [{ ...first, calls: [1] }, ...others]]) {
      expect(checkout.isState?.(one)).toBe(false);
    }
  });

  it('takes outcomes only, by label where told to', () => {
    expect(checkout.keyOf(errorAt(0), 'checkout')).toBeUndefined();
    expect(checkout.keyOf(outcomeAt(0, true), 'checkout')).toBe('');
    const pay = burnRate({
      objective: 0.99,
      where: { route: '/pay' },
      by: 'integration',
    });
    expect(pay.keyOf(outcomeAt(0, true), 'checkout')).toBeUndefined();
    const labels = { route: '/pay', integration: 'shopify' };
    expect(pay.keyOf(outcomeAt(0, true, 1, labels), 'checkout')).toBe('shopify');
  });
});

describe('options', () => {
  const pair: BurnWindow = { long: '1h', short: '5m', factor: 14.4, severity: 'high' };

  it('have defaults', () => {
    expect(checkout).toMatchObject({
      kind: 'burnRate',
      severities: ['low', 'high', 'critical'],
      forMs: 0,
      keepFiringForMs: 5 * MINUTE_MS,
      lookbackMs: 3 * DAY_MS,
      startsAlone: false,
    });
  });

  it.each<[unknown, RegExp]>([
    [{ objective: 1 }, /objective: expected a share above 0 and below 1/],
    [{ objective: 99.9 }, /objective: expected a share/],
    [
      { objective: 0.9 },
      /objective: could never fire for 1h: 14\.4 times a budget of 10 % is not less than all calls; expected an objective above 93\.06 % or a lower factor/,
    ],
    [
      { objective: 0.9, windows: [{ ...pair, factor: 10 }] },
      /windows\.0\.factor: could never fire for 1h: 10 times a budget of 10 %/,
    ],
    [{ objective: 0.5, windows: [] }, /windows: expected 1 to 4 pairs/],
    [
      { objective: 0.999, windows: Array.from({ length: 5 }, () => pair) },
      /windows: expected 1 to 4/,
    ],
    [
      { objective: 0.999, windows: [{ ...pair, short: '1h' }] },
      /short: expected less than long \(1h\)/,
    ],
    [{ objective: 0.999, windows: [{ ...pair, factor: 0 }] }, /factor: expected a number above 0/],
    [
      { objective: 0.999, windows: [{ ...pair, severity: 'bad' }] },
      /severity: expected one of low/,
    ],
    [{ objective: 0.999, minEvents: 0 }, /minEvents: expected an integer from 1/],
    [{ objective: 0.999, preset: 'google' }, /preset/],
  ])('that are wrong are named: %j', (options, message) => {
    expect(refusalOf(() => burnRate(options as BurnRateOptions)).message).toMatch(message);
  });

  it('take an objective as low as its factor allows', () => {
    const rule = burnRate({ objective: 0.9, windows: [{ ...pair, factor: 9.9 }] });
    const state = fold(rule, [outcomeAt(START_MS, false, 100)]);
    expect(rule.evaluate(state, START_MS)).toMatchObject({ status: 'breach', value: 10 });
  });
});
