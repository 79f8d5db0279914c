import { expect, it } from 'vitest';
import { createRateLimit } from '../../src/ingest/rate-limit.ts';
import { manualClock } from '../manual-clock.ts';

it('lets a burst through, then so many a second', async () => {
  const clock = manualClock();
  const limit = createRateLimit({ eventsPerSecond: 10, burst: 20 }, clock);
  expect(limit.take('a', 20)).toBe(0);
  expect(limit.take('a', 5)).toBe(500);
  expect(limit.waitMs('a')).toBe(100);
  await clock.advance(499);
  expect(limit.take('a', 5)).toBeCloseTo(1);
  await clock.advance(1);
  expect(limit.take('a', 5)).toBe(0);
  expect(limit.waitMs('a')).toBe(100);
});

it('has a bucket for each sender', () => {
  const limit = createRateLimit({ eventsPerSecond: 1, burst: 1 }, manualClock());
  expect(limit.take('a', 1)).toBe(0);
  expect(limit.take('b', 1)).toBe(0);
  expect(limit.take('a', 1)).toBe(1_000);
});

it('never holds more than the burst', async () => {
  const clock = manualClock();
  const limit = createRateLimit({ eventsPerSecond: 10, burst: 20 }, clock);
  await clock.advance(3_600_000);
  expect(limit.take('a', 20)).toBe(0);
  expect(limit.take('a', 1)).toBe(100);
});

it('takes a request larger than the burst from a full bucket, and has it paid back', async () => {
  const clock = manualClock();
  const limit = createRateLimit({ eventsPerSecond: 10, burst: 20 }, clock);
  expect(limit.take('a', 100)).toBe(0);
  expect(limit.take('a', 1)).toBe(8_100);
  await clock.advance(8_100);
  expect(limit.take('a', 1)).toBe(0);
});

it('holds over time, whatever is asked for', async () => {
  const clock = manualClock();
  const limit = createRateLimit({ eventsPerSecond: 100, burst: 50 }, clock);
  let taken = 0;
  for (let step = 0; step < 500; step += 1) {
    const events = 1 + ((step * 7919) % 130);
    if (limit.take('a', events) === 0) taken += events;
    await clock.advance(20);
  }
  expect(taken).toBeLessThanOrEqual(50 + 100 * 10 + 130);
  expect(taken).toBeGreaterThan(900);
});

it('is not fooled by a wall clock that jumps', async () => {
  const clock = manualClock();
  const limit = createRateLimit({ eventsPerSecond: 1, burst: 1 }, clock);
  limit.take('a', 1);
  clock.jump(86_400_000);
  expect(limit.take('a', 1)).toBe(1_000);
});

it('remembers so many senders, those that sent last', () => {
  const limit = createRateLimit({ eventsPerSecond: 1, burst: 1 }, manualClock(), 2);
  for (const sender of ['a', 'b', 'a', 'c']) limit.take(sender, 1);
  expect(limit.waitMs('a')).toBe(1_000);
  expect(limit.waitMs('c')).toBe(1_000);
  expect(limit.waitMs('b')).toBe(0);
});
