import type { Clock, Timer } from '@ops/timeout';

/**
 * Resolves at `dueMs` of the monotonic clock, or when the function that it puts into `ends` is
 * called; rejects on abort with the signal's reason. Keeps the process alive meanwhile.
 */
export function waitUntil(
  dueMs: number,
  clock: Clock,
  signal: AbortSignal | undefined,
  ends: Set<() => void>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    let timer: Timer | undefined;
    const end = (): void => {
      if (timer !== undefined) clock.clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      ends.delete(end);
      resolve();
    };
    const abort = (): void => {
      reject(signal?.reason);
      end();
    };
    signal?.addEventListener('abort', abort, { once: true });
    ends.add(end);
    timer = clock.setTimeout(end, Math.max(0, dueMs - clock.monotonic()));
  });
}
