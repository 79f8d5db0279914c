import type { Clock, Timer } from '@ops/timeout';

/** One unref'd timer that is moved forward, not back. */
export interface Alarm {
  /**
   * Rings at `dueMs` at the latest. An earlier ring that is already set stays: whoever is rung
   * looks at what is due and sets it anew, which is cheaper than a new timer on every event.
   */
  set(dueMs: number): void;
  clear(): void;
}

/** The longest delay a timer can hold, 24.8 days; with a longer one it would ring at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * @param time see `steadyTime`.
 * @param ring may be called too early, by a clock's rounding or after the longest delay.
 */
export function createAlarm(clock: Clock, time: () => number, ring: () => void): Alarm {
  let armed: { readonly dueMs: number; readonly timer: Timer } | undefined;
  const clear = (): void => {
    if (armed) clock.clearTimeout(armed.timer);
    armed = undefined;
  };
  return {
    set(dueMs) {
      if (armed && armed.dueMs <= dueMs) return;
      clear();
      // At least 1 ms: a timer may come a little before the clock shows the time it was set for.
      const delayMs = Math.min(Math.max(Math.ceil(dueMs - time()), 1), LONGEST_TIMER_MS);
      const timer = clock.setTimeout(() => {
        armed = undefined;
        ring();
      }, delayMs);
      if (typeof timer === 'object') timer.unref?.();
      armed = { dueMs, timer };
    },
    clear,
  };
}
