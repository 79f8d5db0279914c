import type { Clock, Timer } from '@ops/timeout';

/** Time that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** Moves to the earliest timer that is due within `withinMs`, fires it, and returns the time it took. */
  fireNext(withinMs: number): number | undefined;
  advance(ms: number): void;
  readonly timerCount: number;
}

export function createManualClock(): ManualClock {
  let time = 1_000;
  const timers = new Map<number, { at: number; callback: () => void }>();
  let last = 0;
  return {
    now: () => time,
    monotonic: () => time,
    setTimeout: (callback, delayMs): Timer => {
      last += 1;
      timers.set(last, { at: time + delayMs, callback });
      return last;
    },
    clearTimeout: (timer) => {
      timers.delete(timer as number);
    },
    advance(ms) {
      time += ms;
    },
    fireNext(withinMs) {
      const [next] = [...timers].toSorted(([, a], [, b]) => a.at - b.at);
      if (!next || next[1].at > time + withinMs) return undefined;
      const passedMs = next[1].at - time;
      time = next[1].at;
      timers.delete(next[0]);
      next[1].callback();
      return passedMs;
    },
    get timerCount() {
      return timers.size;
    },
  };
}
