import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDurationHistogram } from '../src/duration-histogram.ts';

test('a percentile is within 5 % of the exact one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.02, max: 1e7, noNaN: true }), { minLength: 1 }),
      fc.constantFrom(0.5, 0.99, 1),
      (times, share) => {
        const histogram = createDurationHistogram();
        for (const ms of times) histogram.add(ms);
        const exact = times.toSorted((a, b) => a - b)[Math.ceil(times.length * share) - 1] ?? 0;
        expect(histogram.percentile(share)).toBeGreaterThanOrEqual(exact * 0.99);
        expect(histogram.percentile(share)).toBeLessThanOrEqual(exact * 1.06);
        expect(histogram.count).toBe(times.length);
      },
    ),
  );
});

test('without times there is no percentile; a time of 0 is one', () => {
  const histogram = createDurationHistogram();
  expect(histogram.percentile(0.5)).toBeNull();
  histogram.add(0);
  expect(histogram.percentile(0.5)).toBe(0.01);
});
