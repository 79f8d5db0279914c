import type { Clock, Timer } from '@ops/timeout';
import type { EventQueue, QueueLimits } from './event-queue.ts';

/** Producers that wait for the queue to have room. */
export interface Room {
  /**
   * True as soon as the queue has room: at once when an event of the largest size fits, else when half
   * of it is free, so that a producer runs in stretches and not event by event. False when `signal` is
   * aborted, at the monotonic time `deadlineAt`, or when it is closed. Keeps the process alive until
   * then.
   */
  wait(deadlineAt: number, signal: AbortSignal | undefined): Promise<boolean>;
  /** Call when events have left the queue. */
  check(): void;
  close(): void;
}

export function createRoom(
  queue: EventQueue,
  limits: QueueLimits & { readonly maxEventBytes: number },
  clock: Clock,
): Room {
  const waiting = new Set<(hasRoom: boolean) => void>();
  let isClosed = false;

  const fits = (): boolean =>
    queue.pendingCount < limits.maxEvents &&
    queue.pendingBytes + limits.maxEventBytes <= limits.maxBytes;
  const isHalfFree = (): boolean =>
    queue.pendingCount <= limits.maxEvents / 2 && queue.pendingBytes <= limits.maxBytes / 2;

  return {
    async wait(deadlineAt, signal) {
      if (isClosed || signal?.aborted) return false;
      if (fits()) return true;
      let end = (_hasRoom: boolean): void => {};
      const ended = new Promise<boolean>((resolve) => (end = resolve));
      const give = (): void => end(false);
      // Not a background timer: whoever waits wants the process to live that long.
      const timer: Timer = clock.setTimeout(give, Math.max(0, deadlineAt - clock.monotonic()));
      signal?.addEventListener('abort', give, { once: true });
      waiting.add(end);
      const hasRoom = await ended;
      waiting.delete(end);
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', give);
      return hasRoom;
    },
    check() {
      if (waiting.size === 0 || !fits() || !isHalfFree()) return;
      for (const end of waiting) end(true);
    },
    close() {
      isClosed = true;
      for (const end of waiting) end(false);
    },
  };
}
