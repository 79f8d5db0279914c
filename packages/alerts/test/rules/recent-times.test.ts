import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addTimes,
  countAfter,
  countWithin,
  isRecentTimes,
  NO_TIMES,
  nthLatest,
  type RecentTimes,
} from '../../src/rules/recent-times.ts';
import { deepFreeze, stored } from './rule-events.ts';

describe('recent times', () => {
  it('count and rank as a plain sorted list does, in any order of arrival and with runs', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 2_000 }),
        fc.array(
          fc.record({
            gapMs: fc.integer({ min: 0, max: 10 }),
            lateMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 500 })),
            count: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 9 })),
          }),
          { maxLength: 200, size: 'max' },
        ),
        (capacity, withinMs, arrivals) => {
          const all: number[] = [];
          let times = NO_TIMES;
          let nowMs = 10_000;
          for (const { gapMs, lateMs, count } of arrivals) {
            nowMs += gapMs;
            const atMs = nowMs - lateMs;
            for (let index = 0; index < count; index += 1) all.push(atMs);
            all.sort((a, b) => a - b);
            times = deepFreeze(
              stored(addTimes(deepFreeze(times), atMs, count, { capacity, withinMs })),
            );
            expect(isRecentTimes(times)).toBe(true);
            const inside = all.filter((at) => at + withinMs > nowMs);
            expect(countWithin(times, withinMs, nowMs, capacity)).toBe(
              Math.min(inside.length, capacity),
            );
            for (let rank = 1; rank <= Math.min(capacity, inside.length); rank += 1) {
              expect(nthLatest(times, rank)).toBe(all.at(-rank));
            }
            const after = nowMs - (withinMs >> 1);
            const known = Math.min(capacity, all.filter((at) => at > after).length);
            expect(Math.min(capacity, countAfter(times, after))).toBe(known);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('store a run of a million as three numbers', () => {
    const memory = { capacity: 502, withinMs: 3_600_000 };
    const times = addTimes(NO_TIMES, 1_790_000_000_000, 1_000_000, memory);
    expect(JSON.stringify(times)).toBe('[[1790000000000,502,-501]]');
    expect(JSON.stringify(addTimes(times, 1_790_000_000_030, 2, memory))).toBe(
      '[[1790000000000,504,-501,30,-1]]',
    );
  });

  it('hold no more than the capacity and two chunks, and what the window reaches and two chunks', () => {
    const held = (times: RecentTimes): number => times.flat().length;
    let many: RecentTimes = NO_TIMES;
    let slow: RecentTimes = NO_TIMES;
    for (let at = 0; at < 5_000; at += 1) {
      many = addTimes(many, at, 1, { capacity: 501, withinMs: 1_000_000 });
      slow = addTimes(slow, at * 100, 1, { capacity: 100_000, withinMs: 10_000 });
    }
    expect(countAfter(many, -1)).toBeGreaterThanOrEqual(501);
    expect(held(many)).toBeLessThanOrEqual(501 + 4 * 32);
    expect(countWithin(slow, 10_000, 499_900, 100_000)).toBe(100);
    expect(held(slow)).toBeLessThanOrEqual(100 + 2 * 317);
  });

  it.each([
    ['no list', { full: [], last: [] }],
    ['null', null],
    ['times of an older version', [1, 2, 3]],
    ['a count that is wrong', [[1, 5]]],
    ['a gap of none', [[1, 2, 0]]],
    ['no numbers', [['1', 1]]],
    ['a fraction', [[1.5, 1]]],
    [
      'chunks out of order',
      [
        [5, 1],
        [1, 1],
      ],
    ],
  ])('are not %s', (_, value) => {
    expect(isRecentTimes(value)).toBe(false);
  });
});
