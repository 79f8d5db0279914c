/** Where time comes from. Pass another to test code that waits. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970, as `Date.now`. It may jump. */
  now(): number;
  /** Milliseconds since some fixed point; never goes back. For measuring and for deadlines. */
  monotonic(): number;
  /** Calls `callback` once after `delayMs`. */
  setTimeout(callback: () => void, delayMs: number): Timer;
  clearTimeout(timer: Timer): void;
}

/** What `setTimeout` gives back: an object in Node, a number in a browser. */
export type Timer = number | { ref?(): unknown; unref?(): unknown };

/**
 * The real time. It reads the globals when it is called, not when it is loaded, so fake timers that
 * are installed later take effect.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => {
    clearTimeout(timer as ReturnType<typeof setTimeout>);
  },
};
