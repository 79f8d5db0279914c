import { type Clock, systemClock } from './clock.ts';
import { type Duration, positiveMs } from './duration.ts';
import { TimeoutError } from './errors.ts';
import { race } from './race.ts';
import { SignalSource } from './signal-source.ts';

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
export function withTimeout<T>(
  operation: (context: OperationContext) => T | PromiseLike<T>,
  duration: Duration,
  options: WithTimeoutOptions = {},
): Promise<T> {
  try {
    const { signal, clock = systemClock } = options;
    const source = new SignalSource();
    const limitMs = positiveMs(duration, 'withTimeout duration');
    signal?.throwIfAborted();
    const startedMs = clock.monotonic();
    const elapsedMs = (): number => clock.monotonic() - startedMs;
    const expire = (passedMs: number): TimeoutError =>
      new TimeoutError('total', limitMs, { elapsedMs: passedMs });
    const running = Promise.resolve(operation(source));
    return race(running, { source, parent: signal, limitMs, clock, elapsedMs, expire });
  } catch (error) {
    return Promise.reject(error);
  }
}
