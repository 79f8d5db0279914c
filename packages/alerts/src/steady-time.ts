import type { Clock } from '@ops/timeout';

/**
 * Milliseconds from the clock's monotonic reading, and never less than before even if the clock
 * breaks its word: windows and waits are measured by it, so setting the wall clock moves nothing.
 * When reading throws, `onFault` is told and the time is what it was: a delivery under way must end
 * in a state from which the next can start.
 */
export function steadyTime(clock: Clock, onFault: (error: unknown) => void): () => number {
  const firstMs = clock.monotonic();
  let latestMs = Number.isFinite(firstMs) ? firstMs : 0;
  return () => {
    try {
      const readMs = clock.monotonic();
      if (readMs > latestMs && readMs < Infinity) latestMs = readMs;
    } catch (error) {
      onFault(error);
    }
    return latestMs;
  };
}
