import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { percentileOf } from '../../src/rollups/sketch/ddsketch.ts';
import { estimateDistinct } from '../../src/rollups/sketch/hyperloglog.ts';

/** As the database numbers bins. */
function binOf(value: number, accuracy: number): number {
  if (value === 0) return 0;
  if (Math.abs(value) === Infinity) return Math.sign(value) * 2_000_000_000;
  const gamma = (1 + accuracy) / (1 - accuracy);
  return Math.sign(value) * (Math.ceil(Math.log(Math.abs(value)) / Math.log(gamma)) + 1_000_000);
}

function sketchOf(values: readonly number[], accuracy: number) {
  const counts = new Map<number, number>();
  for (const value of values) {
    const bin = binOf(value, accuracy);
    counts.set(bin, (counts.get(bin) ?? 0) + 1);
  }
  const bins = [...counts.keys()].toSorted((a, b) => a - b);
  return { bins, counts: bins.map((bin) => counts.get(bin) ?? 0) };
}

describe('percentileOf', () => {
  it('is within its accuracy of the exact percentile, for any doubles', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        fc.constantFrom(0.001, 0.01, 0.1),
        (values, percent, accuracy) => {
          const sorted = values.toSorted((a, b) => a - b);
          const rank = Math.max(1, Math.ceil((percent * values.length) / 100 - 1e-9));
          const exact = sorted[rank - 1] ?? Number.NaN;
          const told = percentileOf(sketchOf(values, accuracy), percent, accuracy) ?? Number.NaN;
          const error = told === exact ? 0 : Math.abs(told - exact);
          // Subnormal doubles are apart by more than the accuracy: each of two roundings is half a step.
          const rounding = 2 * Number.MIN_VALUE;
          expect(error).toBeLessThanOrEqual(
            Math.abs(exact) * (accuracy * 1.0001 + 1e-9) + rounding,
          );
        },
      ),
    );
  });

  it('keeps its accuracy for a value whose bin ends above the largest double', () => {
    const value = 7.972064703069654e307;
    const told = percentileOf(sketchOf([value, 0], 0.1), 75, 0.1) ?? Number.NaN;
    expect(Math.abs(told / value - 1)).toBeLessThanOrEqual(0.10001);
  });

  it('has no percentile of nothing', () => {
    expect(percentileOf({ bins: [], counts: [] }, 50, 0.01)).toBeNull();
  });

  it('takes the rank that percentile_disc takes', () => {
    const values = Array.from({ length: 1000 }, (_, at) => 1.1 ** at);
    const sketch = sketchOf(values, 0.01);
    for (const percent of [0.1, 50, 99.9, 100]) {
      const exact = values[Math.round(percent * 10) - 1] ?? 0;
      const told = percentileOf(sketch, percent, 0.01) ?? 0;
      expect(Math.abs(told / exact - 1)).toBeLessThanOrEqual(0.0101);
    }
  });
});

describe('estimateDistinct', () => {
  it('is within 3 % from 10 to 1,000,000 with random hashes', () => {
    // A linear congruential generator over 64 bits: the same numbers in each run.
    let state = 42n;
    const next = (): bigint => {
      state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
      const mixed = (state ^ (state >> 33n)) * 0xff51afd7ed558ccdn;
      return (mixed ^ (mixed >> 29n)) & 0xffff_ffff_ffff_ffffn;
    };
    const registers = new Uint8Array(2 ** 14);
    let added = 0;
    for (const target of [10, 100, 1_000, 10_000, 20_000, 50_000, 100_000, 1_000_000]) {
      for (; added < target; added += 1) {
        const hash = next();
        const rest = hash >> 14n;
        let rank = 1;
        while (rank < 51 && ((rest >> BigInt(rank - 1)) & 1n) === 0n) rank += 1;
        const register = Number(hash & 16_383n);
        registers[register] = Math.max(registers[register] ?? 0, rank);
      }
      const fromRank = new Map<number, number>();
      for (let rank = 1; rank <= 51; rank += 1) {
        fromRank.set(rank, registers.filter((one) => one >= rank).length);
      }
      expect(Math.abs(estimateDistinct(fromRank, 14) / target - 1)).toBeLessThanOrEqual(0.03);
    }
  });

  it('counts nothing as nothing, and a full sketch as a number', () => {
    expect(estimateDistinct(new Map(), 14)).toBe(0);
    const full = Array.from({ length: 51 }, (_, at) => [at + 1, 2 ** 14] as const);
    expect(estimateDistinct(new Map(full), 14)).toBe(Infinity);
  });
});
