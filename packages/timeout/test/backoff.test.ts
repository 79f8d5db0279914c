import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoff, InvalidOptionsError } from '../src/index.ts';

const step = (attempt: number, random = 0, previousMs = 0) => ({
  attempt,
  previousMs,
  random: () => random,
});

describe('backoff', () => {
  it('exponential grows to its most', () => {
    const delay = backoff.exponential({ base: '250ms', max: '1s', jitter: 'none' });
    expect([1, 2, 3, 4, 500, 5_000].map((attempt) => delay(step(attempt)))).toEqual([
      250, 500, 1_000, 1_000, 1_000, 1_000,
    ]);
  });

  it.each([
    ['full', 0, 500],
    ['equal', 250, 500],
    ['none', 500, 500],
  ] as const)('jitter %s of 500 ms goes from %d to %d', (jitter, from, to) => {
    for (const delay of [
      backoff.exponential({ base: 500, jitter }),
      backoff.constant(500, { jitter }),
    ]) {
      expect([delay(step(1, 0)), delay(step(1, 1))]).toEqual([from, to]);
    }
  });

  it('constant has no jitter unless asked for', () => {
    expect(backoff.constant('2s')(step(7, 0.5))).toBe(2_000);
  });

  it('decorrelated stays between its base and three times the wait before', () => {
    const delay = backoff.decorrelated({ base: 100, max: 1_000 });
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        fc.nat({ max: 1_000 }),
        (random, previousMs) => {
          const ms = delay(step(2, random, previousMs));
          expect(ms).toBeGreaterThanOrEqual(100);
          expect(ms).toBeLessThanOrEqual(Math.min(1_000, 3 * Math.max(100, previousMs)));
        },
      ),
    );
  });

  it.each([
    () => backoff.exponential({ base: '2s', max: '1s' }),
    () => backoff.exponential({ factor: 0.5 }),
    () => backoff.exponential({ jitter: 'some' as 'full' }),
    () => backoff.exponential({ maks: 5 } as object),
    () => backoff.constant(-1),
    () => backoff.constant(undefined as unknown as number),
    () => backoff.decorrelated({ base: 'long' as '1s' }),
  ])('refuses bad options (%#)', (make) => {
    expect(make).toThrow(InvalidOptionsError);
  });
});
