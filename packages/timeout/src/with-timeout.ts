import pTimeout from 'p-timeout';
import type { Clock, Timer } from './clock.ts';
import { type Duration, toMilliseconds } from './duration.ts';
import { InvalidOptionsError, TimeoutError } from './errors.ts';

/** What an operation is given. */
export interface OperationContext {
  /** Aborted when the time is up (reason: {@link TimeoutError}) or the caller aborts (reason: theirs). */
  readonly signal: AbortSignal;
}

/** Options of {@link withTimeout}. */
export interface WithTimeoutOptions {
  /** Aborting it rejects at once with the identical `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /** Default: the real time, by the global timers. */
  readonly clock?: Clock | undefined;
}

/**
 * Runs `operation` and rejects when it has not settled after `duration`.
 *
 * The clock starts when this is called. On timeout and on the caller's abort the operation's own
 * signal is aborted; an operation that ignores it goes on running, and its late outcome is dropped.
 * Once settled, no timer and no listener is left. A `duration` above 2^31−1 ms (24.8 days) never
 * runs out, since no timer can hold it.
 *
 * @throws TimeoutError when the time is up.
 * @throws InvalidOptionsError (as a rejection, before the operation starts) on a bad duration or 0.
 */
export async function withTimeout<T>(
  operation: (context: OperationContext) => T | PromiseLike<T>,
  duration: Duration,
  options: WithTimeoutOptions = {},
): Promise<T> {
  const timeoutMs = toMilliseconds(duration, 'withTimeout duration');
  if (timeoutMs === 0) throw new InvalidOptionsError('withTimeout duration: expected more than 0');
  const { signal, clock } = options;
  signal?.throwIfAborted();
  const controller = new AbortController();
  // Not AbortSignal.any: Node 24 can lose the abort once the source is collected
  // (nodejs/node#65995), and it keeps about 0.7 kB a call until the timer would have run out.
  const abort = (): void => {
    controller.abort(signal?.reason);
  };
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const running = new Promise<T>((resolve) => {
      resolve(operation({ signal: controller.signal }));
    });
    return await pTimeout(running, {
      milliseconds: timeoutMs,
      signal: controller.signal,
      ...(clock && { customTimers: timersOf(clock) }),
      // The hook in which to abort, and about ten times cheaper than the default, which builds its
      // error with a stack on every call.
      fallback: () => {
        controller.abort(new TimeoutError('total', timeoutMs));
        throw controller.signal.reason;
      },
    });
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** The two timer functions in the form that p-timeout takes them. */
function timersOf(clock: Clock): {
  setTimeout: typeof setTimeout;
  clearTimeout: typeof clearTimeout;
} {
  const set = (callback: () => void, delayMs: number): Timer => clock.setTimeout(callback, delayMs);
  const clear = (timer: Timer): void => {
    clock.clearTimeout(timer);
  };
  return { setTimeout: set as typeof setTimeout, clearTimeout: clear as typeof clearTimeout };
}
