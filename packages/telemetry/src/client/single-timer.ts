import type { Clock, Timer } from '@ops/timeout';
import { startBackgroundTimer } from './background-timer.ts';

/** One timer that can only be brought forward. Does not keep the process alive. */
export interface SingleTimer {
  readonly isSet: boolean;
  /** Fires at the monotonic time `at`, or earlier when it was set to be earlier. */
  setAt(at: number): void;
  clear(): void;
}

export function createSingleTimer(clock: Clock, callback: () => void): SingleTimer {
  let timer: { readonly handle: Timer; readonly at: number } | undefined;
  const clear = (): void => {
    if (timer !== undefined) clock.clearTimeout(timer.handle);
    timer = undefined;
  };
  const fire = (): void => {
    timer = undefined;
    callback();
  };
  return {
    get isSet() {
      return timer !== undefined;
    },
    setAt(at) {
      if (timer !== undefined && timer.at <= at) return;
      clear();
      const delayMs = Math.max(0, at - clock.monotonic());
      timer = { at, handle: startBackgroundTimer(clock, fire, delayMs) };
    },
    clear,
  };
}
