import type { Clock, Timer } from '@ops/timeout';

/** A timer that does not keep the process alive. */
export function startBackgroundTimer(clock: Clock, callback: () => void, delayMs: number): Timer {
  const timer = clock.setTimeout(callback, delayMs);
  if (typeof timer === 'object') timer.unref?.();
  return timer;
}
