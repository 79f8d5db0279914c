import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from '../src/index.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('obeys fake timers that were installed after it was loaded', () => {
  const rang = vi.fn();
  systemClock.setTimeout(rang, 1_000);
  systemClock.clearTimeout(systemClock.setTimeout(rang, 500));
  vi.advanceTimersByTime(999);
  expect(rang).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(rang).toHaveBeenCalledTimes(1);
});

it('tells the wall time and a time that only grows', () => {
  vi.setSystemTime(new Date('2026-01-01T00:00:00Z'));
  const before = systemClock.monotonic();
  expect(systemClock.now()).toBe(Date.UTC(2026, 0, 1));
  vi.setSystemTime(new Date('2020-01-01T00:00:00Z'));
  expect(systemClock.now()).toBe(Date.UTC(2020, 0, 1));
  expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before);
});
