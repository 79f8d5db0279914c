import { expect, it } from 'vitest';
import { createReplayClock } from '../../demo/replay-clock.ts';

it('rings the timers that a jump passes, in order, and those that they set', async () => {
  const clock = createReplayClock();
  const rung: string[] = [];
  clock.setTimeout(() => rung.push('two hours'), 7_200_000);
  clock.setTimeout(() => {
    rung.push('one hour');
    clock.setTimeout(() => rung.push('half an hour later'), 1_800_000);
  }, 3_600_000);
  const cancelled = clock.setTimeout(() => rung.push('never'), 3_600_000);
  clock.clearTimeout(cancelled);
  const before = clock.now();
  await clock.advance(3_000_000);
  expect(rung).toEqual([]);
  await clock.advance(3_600_000);
  expect(rung).toEqual(['one hour', 'half an hour later']);
  await clock.advance(3_600_000);
  expect(rung).toEqual(['one hour', 'half an hour later', 'two hours']);
  expect(clock.now() - before).toBeGreaterThanOrEqual(10_200_000);
});
