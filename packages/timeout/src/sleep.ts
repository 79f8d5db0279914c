import type { Clock, Timer } from './clock.ts';

/** The largest delay a timer can hold, 24.8 days; a longer one would fire at once. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;

/**
 * Waits `delayMs`, in several timers if one cannot hold it. An abort rejects at once with the
 * signal's reason. No timer and no listener is left.
 */
export async function sleep(
  delayMs: number,
  signal: AbortSignal | undefined,
  clock: Clock,
): Promise<void> {
  for (let leftMs = delayMs; leftMs > 0; leftMs -= LONGEST_TIMER_MS) {
    await wait(Math.min(leftMs, LONGEST_TIMER_MS), signal, clock);
  }
}

function wait(delayMs: number, signal: AbortSignal | undefined, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    let timer: Timer | undefined = undefined;
    const end = (): void => {
      if (timer !== undefined) clock.clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      if (signal?.aborted) reject(signal.reason as Error);
      else resolve();
    };
    timer = clock.setTimeout(end, Math.ceil(delayMs));
    signal?.addEventListener('abort', end);
  });
}
