import { expect, it } from 'vitest';
import { deadlineIn, InvalidOptionsError, noDeadline } from '../src/index.ts';
import { manualClock } from '../src/testing/index.ts';

it('runs down by the monotonic clock, to 0', async () => {
  const clock = manualClock();
  const deadline = deadlineIn('5s', clock);
  clock.jump(3_600_000);
  await clock.advance(2_000);
  expect([deadline.remainingMs(), deadline.elapsedMs(), deadline.isExpired]).toEqual([
    3_000,
    2_000,
    false,
  ]);
  await clock.advance(9_000);
  expect([deadline.remainingMs(), deadline.isExpired, deadline.totalMs]).toEqual([0, true, 5_000]);
});

it('gives the sooner of itself and another length', async () => {
  const clock = manualClock();
  const deadline = deadlineIn('5s', clock);
  expect(deadline.sooner('9s')).toBe(deadline);
  expect(deadline.sooner('1s').remainingMs()).toBe(1_000);
  expect(deadline.remainingMs()).toBe(5_000);
  expect(() => deadline.sooner('soon' as '1s')).toThrow(InvalidOptionsError);
});

it('may never come', () => {
  expect([noDeadline.remainingMs(), noDeadline.isExpired]).toEqual([Infinity, false]);
  expect(noDeadline.sooner('1h').remainingMs()).toBeLessThanOrEqual(3_600_000);
});
