import { type Clock, systemClock, type Timer } from '@ops/timeout';

/** The largest time a `Date` can hold, in milliseconds since 1970. */
const LAST_TIME = 8.64e15;

/**
 * The host's clock, and the real one wherever that throws or gives no time. Whoever tracks an event
 * was promised that nothing throws, and a clock is called from everywhere.
 */
export function unfailingClock(clock: Clock): Clock {
  if (clock === systemClock) return clock;
  /** Timers that the host's clock would not make. */
  const ours = new Set<Timer>();
  const startOurs = (callback: () => void, delayMs: number): Timer => {
    const timer = systemClock.setTimeout(() => {
      ours.delete(timer);
      callback();
    }, delayMs);
    ours.add(timer);
    return timer;
  };
  return {
    now: () => timeFrom(() => clock.now(), systemClock.now),
    monotonic: () => timeFrom(() => clock.monotonic(), systemClock.monotonic),
    setTimeout(callback, delayMs) {
      try {
        return clock.setTimeout(callback, delayMs);
      } catch {
        return startOurs(callback, delayMs);
      }
    },
    clearTimeout(timer) {
      if (ours.delete(timer)) {
        systemClock.clearTimeout(timer);
        return;
      }
      try {
        clock.clearTimeout(timer);
      } catch {
        // It fires for nothing then; every callback looks at the state first.
      }
    },
  };
}

function timeFrom(read: () => number, instead: () => number): number {
  try {
    const time = read();
    return Math.abs(time) <= LAST_TIME ? time : instead();
  } catch {
    return instead();
  }
}
