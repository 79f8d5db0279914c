import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { pause, restMs } from '../src/pace.ts';
import { createManualClock } from './manual-clock.ts';

test('rest fills up what the duty cycle leaves', () => {
  expect(restMs(50, 0.25)).toBe(150);
  expect(restMs(50, 0.5)).toBe(50);
  expect(restMs(50, 1)).toBe(0);
});

describe('pause', () => {
  test('lasts as long as it is told, and leaves no timer and no listener', async () => {
    const clock = createManualClock();
    const { signal } = new AbortController();
    const paused = pause(150, clock, signal);
    expect(clock.fireNext(149)).toBeUndefined();
    expect(clock.fireNext(150)).toBe(150);
    await paused;
    expect(clock.timerCount).toBe(0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('ends at once when it is aborted, before or meanwhile', async () => {
    const clock = createManualClock();
    const controller = new AbortController();
    const paused = pause(150, clock, controller.signal);
    controller.abort();
    await paused;
    await pause(150, clock, controller.signal);
    expect(clock.timerCount).toBe(0);
  });
});
