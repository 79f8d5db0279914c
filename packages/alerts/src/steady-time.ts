import type { Clock } from '@ops/timeout';

/**
 * Milliseconds from the clock's monotonic reading, and never less than before even if the clock
 * breaks its word: windows and waits are measured by it, so setting the wall clock moves nothing.
 */
export function steadyTime(clock: Clock): () => number {
  const firstMs = clock.monotonic();
  let latestMs = Number.isFinite(firstMs) ? firstMs : 0;
  return () => {
    const readMs = clock.monotonic();
    if (readMs > latestMs && readMs < Infinity) latestMs = readMs;
    return latestMs;
  };
}
