import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RuleEvent, Verdict } from '../../src/rule.ts';
import { type AnomalyRule, anomaly } from '../../src/rules/anomaly.ts';
import type { AnomalyOptions } from '../../src/rules/anomaly-options.ts';
import type { AnomalyState } from '../../src/rules/anomaly-state.ts';
import { DAY_MS, deepFreeze, errorAt, HOUR_MS, refusalOf, stored } from './rule-events.ts';

const MINUTE_MS = 60_000;
const STEP_MS = 5 * MINUTE_MS;
/** A whole window since 1970. */
const START_MS = 1_750_000_500_000;

/** A process that counts, and looks at the clock when the rule wants it to. */
class Running {
  readonly rule: AnomalyRule;
  nowMs: number;
  state: AnomalyState;

  constructor(rule: AnomalyRule, nowMs = START_MS, state = rule.init(nowMs)) {
    this.rule = rule;
    this.nowMs = nowMs;
    this.state = state;
  }

  get verdict(): Verdict {
    return this.rule.evaluate(this.state, this.nowMs);
  }

  until(nowMs: number): this {
    for (let next = this.nextMs(); next <= nowMs; next = this.nextMs()) this.look(next);
    this.look(nowMs);
    return this;
  }

  add(count: number): this {
    if (count > 0) this.state = this.rule.on(this.state, errorAt(this.nowMs, count));
    return this;
  }

  /** So many errors every so often. */
  rows(rowCount: number, everyMs: number, countAt: (row: number) => number): this {
    for (let row = 0; row < rowCount; row += 1) this.until(this.nowMs + everyMs).add(countAt(row));
    return this;
  }

  private nextMs(): number {
    const { nextMs = Number.NaN } = this.verdict;
    expect(nextMs).toBeGreaterThan(this.nowMs);
    return nextMs;
  }

  private look(nowMs: number): void {
    this.nowMs = nowMs;
    this.state = this.rule.tick?.(this.state, nowMs) ?? this.state;
  }
}

/** Three days of 20 errors every five minutes. */
const learned = (options?: AnomalyOptions): Running =>
  new Running(anomaly(options)).rows(3 * 288, STEP_MS, () => 20);

describe('the verdict', () => {
  it('is no-data for the learning time, then clear, and says why', () => {
    const running = new Running(anomaly()).rows(100, STEP_MS, () => 20);
    expect(running.verdict).toMatchObject({
      status: 'no-data',
      value: 60,
      limit: null,
      why: '60 errors in the last 15m; still learning what is usual, 8h 10m of 1d',
    });
    running.add(100_000);
    expect(running.verdict.status).toBe('no-data');
    expect(learned().verdict).toMatchObject({
      status: 'clear',
      value: 60,
      limit: 69,
      why: '60 errors in the last 15m; usual is at most 69 (99.8 % of its past, half-life 7d), floor 10',
    });
  });

  it('is a breach at more than usual, with one severity, and clear again when it is over', () => {
    const running = learned({ severity: 'high' });
    expect(running.add(9).verdict).toMatchObject({ status: 'clear', value: 69 });
    expect(running.add(1).verdict).toMatchObject({ status: 'breach', severity: 'high', value: 70 });
    running.rows(1, STEP_MS, () => 20);
    expect(running.verdict).toMatchObject({ status: 'breach', value: 70 });
    running.until(running.nowMs + 2 * STEP_MS);
    expect(running.verdict).toMatchObject({ status: 'clear', value: 20 });
  });

  it('does not come from fewer than the floor, however unusual', () => {
    const running = new Running(anomaly()).until(START_MS + 2 * DAY_MS);
    expect(running.verdict).toMatchObject({ status: 'clear', value: 0, limit: 10 });
    expect(running.add(9).verdict).toMatchObject({ status: 'clear', value: 9 });
    expect(running.add(1).verdict).toMatchObject({
      status: 'breach',
      value: 10,
      why: '10 errors in the last 15m; usual is at most 0 (99.8 % of its past, half-life 7d), floor 10',
    });
  });

  it('comes with the next time to look, and changes at no other, once a window at the least', () => {
    const counts = fc.array(fc.oneof(fc.constant(0), fc.nat(40), fc.nat(4_000)), {
      minLength: 40,
      maxLength: 60,
    });
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 900_000 }), (rows, offsetMs) => {
        const running = new Running(anomaly({ learning: '1h' }), START_MS + offsetMs);
        for (const count of rows) {
          const { status, nextMs = 0 } = running.add(count).verdict;
          expect(nextMs - running.nowMs).toBeLessThanOrEqual(15 * MINUTE_MS);
          for (let atMs = running.nowMs; atMs < nextMs; atMs += 29_000) {
            const seen = running.rule.tick?.(running.state, atMs) ?? running.state;
            expect(running.rule.evaluate(seen, atMs).status).toBe(status);
          }
          running.until(nextMs);
        }
      }),
      { numRuns: 10 },
    );
  });
});

describe('learning', () => {
  it('an anomaly that goes on stays one for hours, and is usual the next day', () => {
    const running = learned();
    const startMs = running.nowMs;
    running.rows(12, STEP_MS, () => 200);
    expect(running.verdict.status).toBe('breach');
    let endMs = 0;
    for (let row = 0; row < 288 && endMs === 0; row += 1) {
      running.rows(1, STEP_MS, () => 200);
      if (running.verdict.status !== 'breach') endMs = running.nowMs;
    }
    expect(endMs - startMs).toBeGreaterThan(HOUR_MS);
    expect(endMs - startMs).toBeLessThan(6 * HOUR_MS);
  });

  it('an anomaly of an hour is still one the next day', () => {
    const running = learned().rows(12, STEP_MS, () => 400);
    expect(running.verdict.status).toBe('breach');
    running.rows(288, STEP_MS, () => 20).rows(3, STEP_MS, () => 400);
    expect(running.verdict.status).toBe('breach');
  });

  it('time in which nothing was running teaches nothing and is not learning time', () => {
    const rule = anomaly();
    // An hour a day for 20 days, 100 errors in each quarter of it.
    const running = new Running(rule);
    for (let day = 0; day < 20; day += 1) {
      running.rows(12, STEP_MS, () => 33);
      const awayUntilMs = running.nowMs + 23 * HOUR_MS;
      running.nowMs = awayUntilMs;
      running.state = rule.tick?.(running.state, awayUntilMs) ?? running.state;
    }
    expect(running.verdict).toMatchObject({ status: 'no-data' });
    expect(running.verdict.why).toContain('still learning what is usual, 16h 40m of 1d');
    expect(running.state.history.zeros).toBe(0);
  });

  it('after a time in which nothing was running nothing can be said for a window, but of a breach', () => {
    const running = learned();
    running.nowMs += 2 * HOUR_MS;
    running.state = running.rule.tick?.(running.state, running.nowMs) ?? running.state;
    expect(running.verdict.status).toBe('no-data');
    expect(running.verdict.why).toContain('not a whole window yet since nothing was running');
    const back = new Running(running.rule, running.nowMs, running.state);
    expect(back.add(70).verdict.status).toBe('breach');
    expect(running.until(running.nowMs + 15 * MINUTE_MS).verdict.status).toBe('clear');
  });

  it('goes on where the clock was set back, with what it knows', () => {
    const running = learned();
    const { learnedCount, history } = running.state;
    const state = running.rule.tick?.(running.state, running.nowMs - 30 * DAY_MS);
    expect(state).toMatchObject({ learnedCount, history });
    const back = new Running(running.rule, running.nowMs - 30 * DAY_MS, state).rows(
      6,
      STEP_MS,
      () => 20,
    );
    expect(back.verdict.status).toBe('clear');
    expect(back.add(70).verdict.status).toBe('breach');
  });
});

describe('series of every shape', () => {
  const noise = (row: number): number => ((row * 2_654_435_761) % 1_000) / 1_000;
  const weeks = (count: number): number => count * 7 * DAY_MS;

  /** Times at which it fired after two weeks, in days. */
  function firings(
    everyMs: number,
    weekCount: number,
    countAt: (atMs: number, row: number) => number,
  ): number[] {
    const running = new Running(anomaly());
    const found: number[] = [];
    let isFiring = false;
    for (let row = 0; row < weeks(weekCount) / everyMs; row += 1) {
      running.rows(1, everyMs, () => countAt(running.nowMs, row));
      const isBreach = running.verdict.status === 'breach';
      if (isBreach && !isFiring && running.nowMs > START_MS + weeks(2)) {
        found.push(Math.floor((running.nowMs - START_MS) / DAY_MS));
      }
      isFiring = isBreach;
    }
    return found;
  }

  it.each([
    ['none at all', () => 0],
    ['the same all the time', () => 40],
    ['nearly the same', (_: number, row: number) => 40 + 4 * noise(row)],
    ['a square wave by day', (atMs: number) => (atMs % DAY_MS > DAY_MS / 2 ? 400 : 20)],
    ['one now and then', (_: number, row: number) => (noise(row) > 0.98 ? 1 : 0)],
  ])('nothing unusual raises nothing: %s', (_, countAt) => {
    expect(firings(STEP_MS, 4, (atMs, row) => Math.round(countAt(atMs, row)))).toEqual([]);
  });

  it('half-hourly runs of thousands that follow the day and the week', () => {
    const season = (atMs: number, row: number): number => {
      const hour = (atMs % DAY_MS) / HOUR_MS;
      const isWeekend = Math.floor(atMs / DAY_MS + 4) % 7 >= 5;
      const peak = isWeekend ? 28_000 : 22_000;
      return Math.round(
        peak * (0.55 + 0.4 * Math.sin((hour / 24) * 2 * Math.PI) + 0.05 * noise(row)),
      );
    };
    expect(firings(30 * MINUTE_MS, 6, season)).toEqual([]);
    const withSpike = (atMs: number, row: number): number =>
      season(atMs, row) + (row === 48 * 31 + 20 ? 40_000 : 0);
    expect(firings(30 * MINUTE_MS, 6, withSpike)).toEqual([31]);
  });

  it('bursts far beyond everything, and counts as large as they come', () => {
    const burst = (row: number): number => (row >= 288 * 20 && row < 288 * 20 + 6 ? 13_000 : 0);
    expect(firings(STEP_MS, 4, (_, row) => Math.round(5 * noise(row)) + burst(row))).toEqual([20]);
    const running = learned().add(Number.MAX_SAFE_INTEGER).add(Number.MAX_SAFE_INTEGER);
    expect(running.verdict).toMatchObject({ status: 'breach', value: Number.MAX_SAFE_INTEGER });
    running.rows(288, STEP_MS, () => Number.MAX_SAFE_INTEGER);
    expect(JSON.stringify(running.state).length).toBeLessThan(4_096);
    expect(running.rule.isState?.(stored(running.state))).toBe(true);
  });
});

describe('as a reducer', () => {
  const timeline = fc.array(
    fc.record({
      gapMs: fc.oneof(fc.nat(1_000), fc.nat(20 * MINUTE_MS), fc.nat(5 * HOUR_MS)),
      count: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 100_000 })),
    }),
    { minLength: 1, maxLength: 60 },
  );

  it('changes nothing, is plain JSON below 4 kB, and goes on from what was stored', () => {
    const rule = anomaly({ learning: '1h', halfLife: '8h' });
    fc.assert(
      fc.property(timeline, (entries) => {
        let nowMs = START_MS;
        let kept = rule.init(nowMs);
        let fromStore = stored(kept);
        for (const { gapMs, count } of entries) {
          nowMs += gapMs;
          const event = deepFreeze(errorAt(nowMs, count));
          kept = rule.on(deepFreeze(kept), event);
          fromStore = stored(rule.on(fromStore, event));
          expect(rule.isState?.(fromStore)).toBe(true);
        }
        expect(fromStore).toEqual(kept);
        expect(rule.evaluate(fromStore, nowMs)).toEqual(rule.evaluate(deepFreeze(kept), nowMs));
        expect(JSON.stringify(kept).length).toBeLessThan(4_096);
      }),
    );
  });

  it('how a run of events is split, and looks in between, make no difference', () => {
    const rule = anomaly({ learning: '1h', halfLife: '8h' });
    fc.assert(
      fc.property(timeline, fc.nat(3_600), (entries, splitAt) => {
        let nowMs = START_MS;
        let whole = rule.init(nowMs);
        let split = whole;
        for (const { gapMs, count } of entries) {
          // Short of what counts as nothing running.
          const gap = Math.min(gapMs, HOUR_MS - MINUTE_MS);
          split = rule.tick?.(split, nowMs + Math.min(gap, splitAt * 1_000)) ?? split;
          nowMs += gap;
          whole = rule.on(whole, errorAt(nowMs, count));
          split = rule.on(split, errorAt(nowMs, Math.ceil(count / 2)));
          if (count > 1) split = rule.on(split, errorAt(nowMs, Math.floor(count / 2)));
        }
        expect(split).toEqual(whole);
      }),
    );
  });

  it('counts what other replicas tell late where it belongs, as long as the window knows of it', () => {
    const late = (nowMs: number, lateMs: number): Verdict => {
      const running = learned();
      const { rule } = running;
      const before = rule.on(running.state, errorAt(running.nowMs + nowMs, 1));
      return rule.evaluate(
        rule.on(before, errorAt(running.nowMs + nowMs - lateMs, 50)),
        running.nowMs + nowMs,
      );
    };
    // Across the end of a slot and of a step.
    expect(late(2_000, 3_000)).toMatchObject({ status: 'breach', value: 111 });
    expect(late(STEP_MS + 1_000, 3_000).value).toBe(91);
    expect(late(0, DAY_MS).value).toBe(61);
  });

  it('does not go on from a state of another window, or from none', () => {
    const { state } = learned();
    expect(anomaly().isState?.(state)).toBe(true);
    expect(anomaly({ window: '30m' }).isState?.(state)).toBe(false);
    for (const one of [null, [], {}, { ...state, counts: [1] }, { ...state, slot: 'x' }]) {
      expect(anomaly().isState?.(one)).toBe(false);
    }
  });

  it('takes errors only, by label where told to', () => {
    const outcome: RuleEvent = { ...errorAt(0), type: 'outcome', isSuccess: false };
    expect(anomaly().keyOf(outcome, 'unusual')).toBeUndefined();
    expect(anomaly().keyOf(errorAt(0), 'unusual')).toBe('');
    const byRoute = anomaly({ by: 'route', where: { integration: 'shopify' } });
    expect(byRoute.keyOf(errorAt(0, 1, { route: '/pay' }), 'unusual')).toBeUndefined();
    const labels = { route: '/pay', integration: 'shopify' };
    expect(byRoute.keyOf(errorAt(0, 1, labels), 'unusual')).toBe('/pay');
    expect([byRoute.startsAlone, anomaly().startsAlone]).toEqual([false, true]);
  });
});

describe('options', () => {
  it('have defaults', () => {
    expect(anomaly()).toMatchObject({
      kind: 'anomaly',
      severities: ['medium'],
      forMs: 0,
      keepFiringForMs: 15 * MINUTE_MS,
      lookbackMs: 28 * DAY_MS,
      maxSeriesCount: 1,
      announcesEnd: true,
    });
  });

  it.each<[unknown, RegExp]>([
    [{ quantile: 1 }, /quantile: expected a share above 0.5 and below 1/],
    [{ quantile: 99.8 }, /quantile/],
    [{ min: 0 }, /min: expected an integer from 1/],
    [{ window: '10s' }, /window/],
    [{ window: '6h' }, /halfLife: .*at least 8d, 32 windows of 6h/],
    [{ learning: '30m' }, /learning: .*at least 1h, 4 windows of 15m/],
    [{ severity: 'fatal' }, /severity: expected one of low, medium, high, critical/],
    [{ over: 3 }, /over/],
  ])('that are wrong are named: %j', (options, message) => {
    expect(refusalOf(() => anomaly(options as AnomalyOptions)).message).toMatch(message);
  });
});
