import type { Clock, Timer } from '@ops/timeout';

/** Callers of flush and shutdown. */
export interface Waiters {
  readonly count: number;
  /**
   * Resolves when every event accepted up to `sequence` is settled, at the monotonic time
   * `deadlineAt`, or when `signal` is aborted. Keeps the process alive until then.
   */
  add(sequence: number, deadlineAt: number, signal: AbortSignal | undefined): Promise<void>;
  /**
   * Ends those whose events are settled, given the oldest that is not, and those whose deadline is
   * not after `nextAttemptAt`: nothing more can happen for them.
   */
  check(oldestSequence: number, nextAttemptAt: number): void;
}

export function createWaiters(clock: Clock): Waiters {
  const waiters = new Set<{ sequence: number; deadlineAt: number; end: () => void }>();
  return {
    get count() {
      return waiters.size;
    },
    add: (sequence, deadlineAt, signal) =>
      new Promise((resolve) => {
        let timer: Timer | undefined;
        const end = (): void => {
          waiters.delete(waiter);
          if (timer !== undefined) clock.clearTimeout(timer);
          signal?.removeEventListener('abort', end);
          resolve();
        };
        const waiter = { sequence, deadlineAt, end };
        // Not a background timer: whoever waits wants the process to live that long.
        timer = clock.setTimeout(end, Math.max(0, deadlineAt - clock.monotonic()));
        waiters.add(waiter);
        signal?.addEventListener('abort', end, { once: true });
        if (signal?.aborted) end();
      }),
    check(oldestSequence, nextAttemptAt) {
      for (const { sequence, deadlineAt, end } of waiters) {
        if (oldestSequence > sequence || nextAttemptAt >= deadlineAt) end();
      }
    },
  };
}
