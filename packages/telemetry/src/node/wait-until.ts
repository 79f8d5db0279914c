import type { Clock } from '@ops/timeout';
import type { Telemetry } from '../client/telemetry.ts';

/** Keeps a serverless function running until the promise is settled. */
export type WaitUntil = (promise: Promise<unknown>) => void;

/**
 * Gives the platform a promise when there is something to send, and sends it without lingering: a
 * function that is frozen after its answer would keep the events until it is thawed, or for ever. One
 * promise at a time; it also covers what is tracked until it settles.
 */
export function createBackgroundFlush(
  waitUntil: WaitUntil,
  flush: Telemetry<never>['flush'],
  clock: Clock,
): () => void {
  let isFlushing = false;

  const flushAll = async (): Promise<void> => {
    // What is tracked in the same turn goes into the same request.
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, 0));
    for (let isMoving = true; isMoving; ) {
      const { delivered, dropped, pending } = await flush();
      const settled = Object.values(dropped).reduce((sum, count) => sum + count, delivered);
      isMoving = pending > 0 && settled > 0;
    }
    isFlushing = false;
  };

  return () => {
    if (isFlushing) return;
    isFlushing = true;
    const flushed = flushAll();
    try {
      waitUntil(flushed);
    } catch {
      // Outside a request many platforms throw here. The events go out all the same, if there is time.
    }
  };
}
