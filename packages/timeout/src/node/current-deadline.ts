import { AsyncLocalStorage } from 'node:async_hooks';
import { type Clock, systemClock } from '../clock.ts';
import { type Deadline, deadlineIn } from '../deadline.ts';
import type { Duration } from '../duration.ts';

const storage = new AsyncLocalStorage<Deadline>();

/**
 * Runs `work` with a deadline that everything it starts can see, through `await` and callbacks
 * alike. A sooner one from around it stays in force. It cuts nothing off by itself: pipelines with
 * `parentDeadline: currentDeadline` do, and code that asks {@link currentDeadline}.
 *
 * @param limit how long from now, or a deadline from elsewhere (the header of a request).
 * @throws InvalidOptionsError on a bad duration.
 */
export function runWithDeadline<T>(
  limit: Duration | Deadline,
  work: () => T,
  clock: Clock = systemClock,
): T {
  const given = typeof limit === 'object' ? limit : deadlineIn(limit, clock);
  const outer = storage.getStore();
  const isOuterSooner = outer !== undefined && outer.remainingMs() < given.remainingMs();
  return storage.run(isOuterSooner ? outer : given, work);
}

/** The deadline of the {@link runWithDeadline} around the call; `undefined` outside of any. */
export function currentDeadline(): Deadline | undefined {
  return storage.getStore();
}
