import type { Clock } from '@ops/timeout';

/** Time that passes only when told to. */
export interface ManualClock extends Clock {
  /** Passes time: runs what is due, in order, and lets promises settle after each. */
  advance(ms: number): Promise<void>;
  /** Passes time without running a timer, as a blocked event loop does. */
  stall(ms: number): void;
  /** Sets the wall clock forward or back; the monotonic one does not notice. */
  setWallClock(byMs: number): void;
  readonly timerCount: number;
}

export const WALL_START = Date.UTC(2026, 0, 1);

export function createManualClock(): ManualClock {
  let nowMs = 0;
  let wallOffsetMs = WALL_START;
  let nextId = 1;
  const timers = new Map<number, { dueMs: number; callback: () => void }>();

  async function advance(ms: number): Promise<void> {
    const untilMs = nowMs + ms;
    await settle();
    for (;;) {
      const [next] = [...timers].toSorted((a, b) => a[1].dueMs - b[1].dueMs || a[0] - b[0]);
      if (next === undefined || next[1].dueMs > untilMs) break;
      timers.delete(next[0]);
      nowMs = Math.max(nowMs, next[1].dueMs);
      next[1].callback();
      await settle();
    }
    nowMs = untilMs;
  }

  return {
    now: () => nowMs + wallOffsetMs,
    monotonic: () => nowMs,
    setTimeout(callback, delayMs) {
      timers.set(nextId, { dueMs: nowMs + delayMs, callback });
      return nextId++;
    },
    clearTimeout: (timer) => void timers.delete(timer as number),
    advance,
    stall(ms) {
      nowMs += ms;
    },
    setWallClock(byMs) {
      wallOffsetMs += byMs;
    },
    get timerCount() {
      return timers.size;
    },
  };
}

/** Lets everything run that waits for no timer. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
