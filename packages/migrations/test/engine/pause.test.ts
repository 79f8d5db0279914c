import type { Clock } from '@ops/timeout';
import { describe, expect, test } from 'vitest';
import { pause } from '../../src/engine/pause.ts';

function fakeClock(): Clock & {
  readonly waits: Map<number, () => void>;
  readonly delays: number[];
} {
  const waits = new Map<number, () => void>();
  const delays: number[] = [];
  return {
    waits,
    delays,
    now: () => 0,
    monotonic: () => 0,
    setTimeout: (callback, delayMs) => {
      delays.push(delayMs);
      waits.set(delays.length, callback);
      return delays.length;
    },
    clearTimeout: (timer) => {
      waits.delete(timer as number);
    },
  };
}

describe('pause', () => {
  test('ends when its time is up and leaves no listener', async () => {
    const clock = fakeClock();
    const { signal } = new AbortController();
    const waiting = pause(40, clock, signal);
    expect(clock.delays).toEqual([40]);
    clock.waits.get(1)?.();
    await waiting;
  });

  test('ends at once on abort, with the identical reason and no timer', async () => {
    const clock = fakeClock();
    const controller = new AbortController();
    const waiting = pause(40, clock, controller.signal);
    const reason = {};
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(clock.waits.size).toBe(0);
    await expect(pause(40, clock, controller.signal)).rejects.toBe(reason);
    expect(clock.delays).toHaveLength(1);
  });
});
