import { expect, it } from 'vitest';
import { createRandom } from '../../demo/random.ts';

it('gives the same for the same seed and another for another', () => {
  const draw = (seed: number): number[] => {
    const random = createRandom(seed);
    return Array.from({ length: 5 }, () => random.below(1_000));
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
});

it('spreads evenly', () => {
  const random = createRandom(1);
  const tenths = Array.from({ length: 10 }, () => 0);
  for (let index = 0; index < 100_000; index += 1) {
    const at = random.below(10);
    tenths[at] = (tenths[at] ?? 0) + 1;
  }
  // 10,000 each; five standard deviations are 474.
  for (const n of tenths) expect(Math.abs(n - 10_000)).toBeLessThan(474);
});

it('makes version 4 UUIDs that do not repeat', () => {
  const random = createRandom(1);
  const ids = Array.from({ length: 10_000 }, () => random.uuid());
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  }
});
