import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addTime,
  countWithin,
  NO_TIMES,
  nthLatest,
  type RecentTimes,
} from '../src/recent-times.ts';

function deepFreeze(times: RecentTimes): RecentTimes {
  for (const chunk of [...times.full, times.last]) Object.freeze(chunk);
  Object.freeze(times.full);
  return Object.freeze(times);
}

describe('recent times', () => {
  it('count and rank as a plain list of all times does, up to the capacity', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 0, max: 10 }), { maxLength: 150 }),
        (capacity, withinMs, gaps) => {
          const all: number[] = [];
          let times = NO_TIMES;
          let nowMs = 0;
          for (const gap of gaps) {
            nowMs += gap;
            all.push(nowMs);
            // Frozen, and through JSON: neither may matter.
            times = deepFreeze(
              JSON.parse(JSON.stringify(addTime(deepFreeze(times), nowMs, capacity))),
            );
            const inside = all.filter((at) => at > nowMs - withinMs).length;
            expect(countWithin(times, withinMs, nowMs, capacity)).toBe(Math.min(inside, capacity));
            for (let rank = 1; rank <= capacity; rank += 1) {
              expect(nthLatest(times, rank)).toBe(all.at(-rank));
            }
          }
        },
      ),
    );
  });

  it('hold no more than the capacity and two chunks', () => {
    let times = NO_TIMES;
    for (let at = 0; at < 5_000; at += 1) times = addTime(times, at, 501);
    const held = times.full.flat().length + times.last.length;
    expect(held).toBeGreaterThanOrEqual(501);
    expect(held).toBeLessThanOrEqual(501 + 2 * 23);
  });

  it('take a time before the latest as the latest, so the order holds', () => {
    const times = addTime(addTime(NO_TIMES, 10, 5), 3, 5);
    expect(times.last).toEqual([10, 10]);
  });
});
