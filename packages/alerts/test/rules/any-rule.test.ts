import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWorse, type Severity } from '../../src/alert.ts';
import type { Rule, RuleEvent } from '../../src/rule.ts';
import { failures } from '../../src/rules/failures.ts';
import { firstSeen } from '../../src/rules/first-seen.ts';
import { heartbeat } from '../../src/rules/heartbeat.ts';
import { spike } from '../../src/rules/spike.ts';
import { createSeries, type Series, type SeriesStep, stepSeries } from '../../src/series.ts';
import { contextOf } from '../series-context.ts';
import { beatAt, deepFreeze, errorAt, outcomeAt, stored } from './rule-events.ts';

interface Scenario {
  readonly rule: Rule;
  readonly events: readonly RuleEvent[];
  readonly endMs: number;
}

const waits = fc.record({
  for: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30 })),
  keepFiringFor: fc.integer({ min: 0, max: 40 }),
});
const withinMs = fc.integer({ min: 1, max: 60 });

const spikes = fc
  .record({ waits, over: fc.integer({ min: 0, max: 6 }), higher: fc.nat(4), withinMs })
  .map(({ waits: common, over, higher, withinMs: within }) => ({
    rule: spike({
      ...common,
      over,
      within,
      severity: higher > 0 ? { medium: over, high: over + higher } : 'medium',
    }) as Rule,
    eventOf: (atMs: number, count: number) => errorAt(atMs, count),
  }));

const failing = fc
  .record({
    waits,
    over: fc.option(fc.tuple(fc.integer({ min: 0, max: 5 }), withinMs), { nil: undefined }),
    ratio: fc.option(
      fc.tuple(fc.double({ min: 0.1, max: 1, noNaN: true }), withinMs, fc.constantFrom(1, 3)),
      { nil: undefined },
    ),
    consecutive: fc.integer({ min: 1, max: 6 }),
    kinds: fc.constantFrom('outcomes', 'errors'),
  })
  .map(({ waits: common, over, ratio, consecutive, kinds }) => ({
    rule: failures({ ...common, over, ratio, consecutive }) as Rule,
    eventOf: (atMs: number, count: number, isGood: boolean): RuleEvent =>
      kinds === 'errors'
        ? errorAt(atMs, count, { integration: 'shopify' })
        : outcomeAt(atMs, isGood, count),
  }));

const beating = fc
  .record({ waits, every: fc.integer({ min: 1, max: 40 }), grace: fc.nat(20) })
  .map(({ waits: common, every, grace }) => ({
    rule: heartbeat({ ...common, every, grace }) as Rule,
    eventOf: (atMs: number) => beatAt(atMs),
  }));

const seen = fc
  .record({ waits, visibleFor: fc.integer({ min: 31, max: 60 }), regressionAfter: withinMs })
  .map(({ waits: common, ...options }) => ({
    rule: firstSeen({ ...common, ...options }) as Rule,
    eventOf: (atMs: number, count: number) => errorAt(atMs, count),
  }));

const scenarios: fc.Arbitrary<Scenario> = fc
  .tuple(
    fc.oneof(spikes, failing, beating, seen),
    fc.array(
      fc.record({ gapMs: fc.nat(40), count: fc.integer({ min: 1, max: 4 }), isGood: fc.boolean() }),
      {
        minLength: 1,
        maxLength: 25,
      },
    ),
  )
  .map(([{ rule, eventOf }, bursts]) => {
    let atMs = 0;
    const events = bursts.map(({ gapMs, count, isGood }) => {
      atMs += gapMs;
      return eventOf(atMs, count, isGood);
    });
    return { rule, events, endMs: atMs + 200 };
  });

const beginning = (rule: Rule): Series => createSeries(rule, 'rule', 'key', 'k3f9', 0);
const line = (step: SeriesStep): string =>
  `${step.atMs} ${step.from}>${step.to}${step.isRise ? ' worse' : ''} ${step.alert?.severity ?? ''}`;

/** Looks at every millisecond, and shares no code with what it checks but the rule. */
function oracle({ rule, events, endMs }: Scenario): string[] {
  const log: string[] = [];
  let state = rule.init(0);
  let life: string = rule.evaluate(state, 0).status === 'no-data' ? 'no-data' : 'ok';
  let sinceMs = 0;
  let severity: Severity = 'low';
  const go = (to: string, at: number, more = ''): void => {
    const isAlert = [life, to].some((one) => one === 'firing' || one === 'recovering');
    log.push(`${at} ${life}>${to}${more} ${isAlert ? severity : ''}`);
    life = to;
  };
  const look = (at: number): void => {
    const verdict = rule.evaluate(state, at);
    const isBreach = verdict.status === 'breach';
    const isNews = isBreach && isWorse(verdict.severity, severity);
    if (life === 'firing' || life === 'recovering') {
      if (verdict.status === 'clear') {
        if (life === 'firing') sinceMs = at;
        if (at - sinceMs >= rule.keepFiringForMs) go('ok', at);
        else if (life === 'firing') go('recovering', at);
      } else if (life === 'recovering' || isNews) {
        if (isNews) severity = verdict.severity;
        go('firing', at, isNews ? ' worse' : '');
      }
      return;
    }
    if (!isBreach) {
      const quiet = verdict.status === 'no-data' ? 'no-data' : 'ok';
      if (life !== quiet) go(quiet, at);
      return;
    }
    if (life !== 'pending') sinceMs = at;
    if (at - sinceMs < rule.forMs) {
      if (life !== 'pending') go('pending', at);
      return;
    }
    severity = verdict.severity;
    go('firing', at);
  };
  let next = 0;
  for (let at = 0; at <= endMs; at += 1) {
    look(at);
    for (let event = events[next]; event?.atMs === at; event = events[next]) {
      state = rule.on(state, event);
      look(at);
      next += 1;
    }
  }
  return log;
}

describe('any rule', () => {
  it('makes every step at its exact millisecond, though it looks only when something is due', () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        const { rule, events, endMs } = scenario;
        const { steps } = stepSeries(beginning(rule), events, endMs, contextOf(rule, 'rule'));
        expect(steps.map(line)).toEqual(oracle(scenario));
      }),
      { numRuns: 500 },
    );
  });

  it('makes the same steps in pieces of any size, stored in between, and changes nothing it is given', () => {
    fc.assert(
      fc.property(
        scenarios,
        fc.array(fc.record({ count: fc.nat(4), waitMs: fc.nat(30) }), { maxLength: 40 }),
        ({ rule, events, endMs }, pieces) => {
          const context = contextOf(rule, 'rule');
          const whole = stepSeries(beginning(rule), deepFreeze(events), endMs, context);
          const steps: SeriesStep[] = [];
          let series = beginning(rule);
          let rest = events;
          const go = (piece: readonly RuleEvent[], nowMs: number): void => {
            const result = stepSeries(deepFreeze(stored(series)), piece, nowMs, context);
            expect(result.fault).toBeUndefined();
            steps.push(...result.steps);
            ({ series } = result);
          };
          for (const { count, waitMs } of pieces) {
            const piece = rest.slice(0, count);
            rest = rest.slice(count);
            // Up to the next event at most, which else would come late.
            const lastMs = piece.at(-1)?.atMs ?? series.touchedAtMs;
            go(piece, Math.min(lastMs + waitMs, rest[0]?.atMs ?? lastMs));
          }
          go(rest, endMs);
          expect(steps).toEqual(whole.steps);
          expect(stored(series)).toEqual(stored(whole.series));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('alternates between firing and over whatever comes late, and never goes back in time', () => {
    fc.assert(
      fc.property(
        scenarios,
        fc.array(fc.integer({ min: -80, max: 30 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        ({ rule, events, endMs }, shifts, size) => {
          const context = contextOf(rule, 'rule');
          const steps: SeriesStep[] = [];
          let series = beginning(rule);
          for (let at = 0; at < events.length; at += size) {
            const piece = events.slice(at, at + size).map((event, index) => ({
              ...event,
              atMs: Math.max(0, event.atMs + (shifts[at + index] ?? 0)),
            }));
            const nowMs = Math.max(...events.slice(at, at + size).map((event) => event.atMs));
            const result = stepSeries(stored(series), piece, nowMs, context);
            expect(result.fault).toBeUndefined();
            expect(result.dueAtMs ?? Infinity).toBeGreaterThan(result.series.touchedAtMs);
            steps.push(...result.steps);
            ({ series } = result);
          }
          steps.push(...stepSeries(series, [], endMs, context).steps);
          const times = steps.map((step) => step.atMs);
          expect(times).toEqual(times.toSorted((a, b) => a - b));
          for (const [index, step] of steps.entries()) {
            expect(step.from).toBe(steps[index - 1]?.to ?? step.from);
            const isSame = step.from === step.to;
            expect(isSame && !(step.to === 'firing' && step.isRise)).toBe(false);
          }
          const epochs = steps.flatMap(({ from, to, alert }) =>
            alert && to === 'firing' && from !== 'firing' && from !== 'recovering'
              ? [alert.epoch]
              : [],
          );
          expect(epochs).toEqual(epochs.map((_, index) => index + 1));
        },
      ),
      { numRuns: 300 },
    );
  });
});
