import { expect, it } from 'vitest';
import { backoffMs, fraction } from '../../src/client/backoff.ts';

const limits = { initialDelayMs: 500, maxDelayMs: 60_000 };

it('doubles the ceiling up to the maximum', () => {
  const ceilings = [1, 2, 3, 4, 8, 9, 2_000].map((n) => backoffMs(n, limits, () => 1));
  expect(ceilings).toEqual([500, 1_000, 2_000, 4_000, 60_000, 60_000, 60_000]);
});

it('is anywhere below it', () => {
  expect(backoffMs(3, limits, () => 0)).toBe(0);
  expect(backoffMs(3, limits, () => 0.25)).toBe(500);
});

it('stays within bounds whatever random does', () => {
  const fail = (): never => {
    throw new Error('no');
  };
  expect([() => Number.NaN, () => -1, () => 7, fail].map(fraction)).toEqual([0.5, 0.5, 0.5, 0.5]);
});
