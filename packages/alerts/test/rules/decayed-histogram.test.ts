import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addCount,
  type DecayedHistogram,
  EMPTY_HISTOGRAM,
  isHistogram,
  quantileOf,
} from '../../src/rules/decayed-histogram.ts';
import { deepFreeze, stored } from './rule-events.ts';

const FOREVER = 1e12;

function of(values: readonly number[], halfLife = FOREVER): DecayedHistogram {
  return values.reduce(
    (histogram, value) => addCount(deepFreeze(histogram), value, halfLife),
    EMPTY_HISTOGRAM,
  );
}

const counts = fc.oneof(fc.nat(20), fc.nat(5_000), fc.integer({ min: 0, max: 60_000 }));

describe('a quantile', () => {
  it('is never below that of the values themselves, and at most 9 % above it', () => {
    fc.assert(
      fc.property(
        fc.array(counts, { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0.5, max: 0.9999, noNaN: true }),
        (values, quantile) => {
          const sorted = values.toSorted((one, other) => other - one);
          const exact = sorted[Math.floor(values.length * (1 - quantile))] ?? 0;
          const found = quantileOf(of(values), quantile, 0);
          expect(found).toBeGreaterThanOrEqual(exact);
          expect(found).toBeLessThanOrEqual(Math.ceil(exact * 1.0906));
        },
      ),
    );
  });

  it('is exact up to 8, and 0 of nothing and of zeros', () => {
    for (const value of [1, 2, 3, 4, 5, 6, 7, 8])
      expect(quantileOf(of([value]), 0.9, 0)).toBe(value);
    expect(quantileOf(EMPTY_HISTOGRAM, 0.9, 0)).toBe(0);
    expect(quantileOf(of([0, 0, 0]), 0.9, 3)).toBe(0);
  });

  it('takes a margin in cells, eight of which double it', () => {
    expect(quantileOf(of([64]), 0.9, 0)).toBe(64);
    expect(quantileOf(of([64]), 0.9, 1)).toBe(69);
    expect(quantileOf(of([64]), 0.9, 8)).toBe(128);
  });

  it('stays true at the top when the range is wider than the cells', () => {
    const wide = of([1, 10, 100, 1e6, 1e12, Number.MAX_SAFE_INTEGER]);
    expect(wide.weights.length).toBeLessThanOrEqual(128);
    expect(quantileOf(wide, 0.99, 0)).toBeGreaterThanOrEqual(Number.MAX_SAFE_INTEGER);
    expect(quantileOf(wide, 0.75, 0)).toBeGreaterThanOrEqual(1e12);
    expect(quantileOf(wide, 0.75, 0)).toBeLessThanOrEqual(1.0906e12);
    expect(wide.weights.reduce((sum, weight) => sum + weight, wide.zeros)).toBe(6);
  });
});

describe('the weight of what was added', () => {
  const weightOf = ({ zeros, weights }: DecayedHistogram): number =>
    weights.reduce((sum, weight) => sum + weight, zeros);

  it.each([1, 7, 64, 500])('is half after a half-life of %d counts', (halfLife) => {
    const old = of(Array.from({ length: 1_000 }, () => 100));
    let later = old;
    for (let index = 0; index < 3 * halfLife; index += 1) later = addCount(later, 0, halfLife);
    const share = weightOf({ ...later, zeros: 0 }) / weightOf(old);
    expect(share).toBeGreaterThan(0.125 / 1.05);
    expect(share).toBeLessThan(0.125 * 2.05);
  });

  it('is forgotten in the end, with its cell', () => {
    const after = Array.from({ length: 40 }, () => 20).reduce(
      (histogram, value) => addCount(histogram, value, 1),
      of([1e6]),
    );
    expect(after.weights).toHaveLength(1);
    expect(quantileOf(after, 0.9999, 0)).toBe(20);
    const silent = Array.from({ length: 40 }, () => 0).reduce(
      (histogram, value) => addCount(histogram, value, 1),
      after,
    );
    expect(silent.weights).toEqual([]);
  });

  it('needs little room: a kilobyte and a quarter at the very most', () => {
    fc.assert(
      fc.property(fc.array(counts, { minLength: 200, maxLength: 400 }), (values) => {
        const histogram = of([...values, ...values.map((value) => value * 37)], 50);
        expect(JSON.stringify(histogram).length).toBeLessThan(1_300);
        expect(stored(histogram)).toEqual(histogram);
        expect(isHistogram(stored(histogram))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});

it.each([
  null,
  [],
  {},
  { ...EMPTY_HISTOGRAM, weights: ['1'] },
  { ...EMPTY_HISTOGRAM, weights: [-1] },
  { ...EMPTY_HISTOGRAM, zeros: null },
  { ...EMPTY_HISTOGRAM, weights: Array.from({ length: 129 }, () => 1) },
])('what is no histogram is told from one: %j', (value) => {
  expect(isHistogram(value)).toBe(false);
});
