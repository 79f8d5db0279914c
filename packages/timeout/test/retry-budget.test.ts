import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryBudget } from '../src/index.ts';
import { manualClock } from '../src/testing/index.ts';

describe('retryBudget', () => {
  it('gives a floor a second to a quiet service, and forgets', async () => {
    const clock = manualClock();
    const budget = retryBudget({ minPerSecond: 1, window: '5s', clock });
    const taken = (): number => {
      let count = 0;
      while (budget.withdraw()) count += 1;
      return count;
    };
    expect(budget.available()).toBe(5);
    expect([taken(), taken()]).toEqual([5, 0]);
    await clock.advance(5_000);
    expect(taken()).toBe(5);
  });

  it('gives a share of the calls, while they are recent', async () => {
    const clock = manualClock();
    const budget = retryBudget({ ratio: 0.2, minPerSecond: 0, clock });
    for (let count = 0; count < 14; count += 1) budget.deposit();
    expect(budget.available()).toBe(2);
    await clock.advance(10_000);
    expect(budget.available()).toBe(0);
  });

  it('never gives more than the share and the floor, whatever happens when', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 3_000 })), { maxLength: 200 }),
        async (steps) => {
          const clock = manualClock();
          const budget = retryBudget({ ratio: 0.5, minPerSecond: 0.2, window: '10s', clock });
          let deposits = 0;
          let withdrawals = 0;
          for (const [isDeposit, pauseMs] of steps) {
            await clock.advance(pauseMs);
            if (isDeposit) {
              budget.deposit();
              deposits += 1;
            } else if (budget.withdraw()) withdrawals += 1;
          }
          const windows = 1 + clock.monotonic() / 9_000;
          expect(withdrawals).toBeLessThanOrEqual(0.5 * deposits + 2 * windows);
          expect(budget.available()).toBeLessThanOrEqual(0.5 * deposits + 2);
        },
      ),
      { numRuns: 30 },
    );
  });

  it.each([
    [
      { ratio: -1, minPerSecond: Number.NaN, window: '0s', rato: 1 },
      /ratio: .*minPerSecond: .*window: .*at least 10 ms.*rato: no such/,
    ],
    [7, /expected an options object, got 7/],
  ])('refuses %j', (options, message) => {
    expect(() => retryBudget(options as object)).toThrow(message);
  });
});
