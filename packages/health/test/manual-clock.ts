import type { Clock, Timer } from '@ops/timeout';

/** A clock that stands until it is told to move. */
export interface ManualClock extends Clock {
  /** Moves on, calling the timers that fall due in their order and letting promises settle. */
  advance(ms: number): Promise<void>;
  /** Moves on without calling a timer, as a blocked event loop does. */
  block(ms: number): void;
  readonly timerCount: number;
}

export function manualClock(): ManualClock {
  let nowMs = 0;
  let nextId = 1;
  const timers = new Map<Timer, { readonly dueMs: number; readonly callback: () => void }>();
  return {
    now: () => Date.UTC(2026, 0, 1) + nowMs,
    monotonic: () => nowMs,
    setTimeout: (callback, delayMs) => {
      const id = nextId++;
      timers.set(id, { dueMs: nowMs + delayMs, callback });
      return id;
    },
    clearTimeout: (timer) => {
      timers.delete(timer);
    },
    advance: async (ms) => {
      const endMs = nowMs + ms;
      for (;;) {
        await settle();
        const due = [...timers].toSorted(([, a], [, b]) => a.dueMs - b.dueMs)[0];
        if (due === undefined || due[1].dueMs > endMs) break;
        nowMs = Math.max(nowMs, due[1].dueMs);
        timers.delete(due[0]);
        due[1].callback();
      }
      nowMs = endMs;
      await settle();
    },
    block: (ms) => {
      nowMs += ms;
    },
    get timerCount() {
      return timers.size;
    },
  };
}

/** Lets every promise that can settle do so. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** A promise settled from outside. */
export function deferred<T = void>(): {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((resolveIt, rejectIt) => {
    resolve = resolveIt;
    reject = rejectIt;
  });
  return { promise, resolve, reject };
}
