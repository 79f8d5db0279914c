import type { Clock } from '../clock.ts';

/** A {@link Clock} that stands still until it is told otherwise. */
export interface ManualClock extends Clock {
  /** Timers that wait. */
  readonly pendingCount: number;
  /**
   * Moves both times on, runs what falls due in order, and lets promises settle in between and
   * afterwards.
   */
  advance(ms: number): Promise<void>;
  /** Moves the wall clock alone, back too, as a correction by NTP does. */
  jump(ms: number): void;
}

// Taken when loaded, so that fake timers installed later do not stop it.
const realSetTimeout = globalThis.setTimeout;
const realSetImmediate = globalThis.setImmediate;

/** Lets everything that waits for promises alone run to its end. */
function settlePromises(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof realSetImmediate === 'function') realSetImmediate(resolve);
    else realSetTimeout(resolve, 0);
  });
}

/** Starts at the wall-clock time `startsAt`, in milliseconds since 1970, and at a monotonic 0. */
export function manualClock(startsAt = 1_700_000_000_000): ManualClock {
  const timers = new Map<number, { readonly dueMs: number; readonly callback: () => void }>();
  let elapsedMs = 0;
  let jumpedMs = 0;
  let nextId = 1;

  /** Of equal times, the one that was set first. */
  function next(untilMs: number): number | undefined {
    let found: number | undefined;
    let soonestMs = untilMs;
    for (const [id, { dueMs }] of timers) {
      if (dueMs < soonestMs || (dueMs === soonestMs && found === undefined)) {
        found = id;
        soonestMs = dueMs;
      }
    }
    return found;
  }

  return {
    now: () => startsAt + elapsedMs + jumpedMs,
    monotonic: () => elapsedMs,
    setTimeout(callback, delayMs) {
      const id = nextId;
      nextId += 1;
      // As a real timer does with what it cannot hold.
      const dueMs = elapsedMs + (delayMs >= 1 && delayMs <= 2 ** 31 - 1 ? delayMs : 1);
      timers.set(id, { dueMs, callback });
      return id;
    },
    clearTimeout(timer) {
      timers.delete(Number(timer));
    },
    get pendingCount() {
      return timers.size;
    },
    async advance(ms) {
      const untilMs = elapsedMs + ms;
      await settlePromises();
      for (let id = next(untilMs); id !== undefined; id = next(untilMs)) {
        const timer = timers.get(id);
        timers.delete(id);
        elapsedMs = Math.max(elapsedMs, timer?.dueMs ?? 0);
        timer?.callback();
        await settlePromises();
      }
      elapsedMs = untilMs;
      await settlePromises();
    },
    jump(ms) {
      jumpedMs += ms;
    },
  };
}
