import type { Clock, Timer } from '@ops/timeout';

/**
 * Time to rest after a batch so that batches fill only `dutyCycle` of the whole. Measured: 25 %
 * brings the p99 of other sessions' inserts near to its undisturbed value, whatever the batch size.
 */
export function restMs(batchMs: number, dutyCycle: number): number {
  return batchMs * (1 / dutyCycle - 1);
}

/** Resolves after `delayMs`, or as soon as the signal is aborted. Never rejects. */
export function pause(
  delayMs: number,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (delayMs <= 0 || signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      // Not unref'd: whoever awaits the run must not exit in a pause.
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer: Timer = clock.setTimeout(end, delayMs);
    signal?.addEventListener('abort', end, { once: true });
  });
}
