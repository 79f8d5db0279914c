import pTimeout from 'p-timeout';
import { type Clock, systemClock, type Timer } from '../clock.ts';
import { type Duration, toMilliseconds } from '../duration.ts';
import { InvalidOptionsError, TimeoutError } from '../errors.ts';
import { watchBody } from './watch-body.ts';

/** The shape of `globalThis.fetch`. */
export type Fetch = typeof globalThis.fetch;

/** Options of {@link createFetch}. */
export interface CreateFetchOptions {
  /**
   * Time for the whole call: connecting, headers, and the body until it is read or cancelled.
   * @default '30s'
   */
  readonly timeout?: Duration | undefined;
  /** What sends the request. Default: `globalThis.fetch`, looked up at each call. */
  readonly fetch?: Fetch | undefined;
  /** Default: the real time. */
  readonly clock?: Clock | undefined;
}

/** The largest delay a timer can hold, 24.8 days; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Makes a `fetch` that cannot hang: it rejects, or the body read rejects, with a
 * {@link TimeoutError} (scope `total`) once `timeout` has passed since the call.
 *
 * The result is assignable to `typeof fetch` and resolves to the very `Response` it got. The
 * caller's signal (or that of a `Request`) rejects with its identical reason, but is itself never
 * handed to the underlying fetch, which would leave a listener on it until collected. A body that
 * is neither read nor cancelled is cut off when the time is up; waiting for that does not keep the
 * process alive.
 *
 * @throws InvalidOptionsError when an option is wrong, at construction.
 */
export function createFetch(options: CreateFetchOptions = {}): Fetch {
  const { fetch: send, clock = systemClock } = options;
  const timeoutMs = toMilliseconds(options.timeout ?? '30s', 'createFetch timeout');
  if (timeoutMs === 0) throw new InvalidOptionsError('createFetch timeout: expected more than 0');

  return async (input, init) => {
    const caller = callerSignal(input, init);
    caller?.throwIfAborted();
    const controller = new AbortController();
    const follow = (): void => {
      controller.abort(caller?.reason);
    };
    caller?.addEventListener('abort', follow, { once: true });
    let timer: Timer | undefined;
    if (timeoutMs <= LONGEST_TIMER_MS) {
      timer = clock.setTimeout(() => {
        controller.abort(new TimeoutError('total', timeoutMs));
        release();
      }, timeoutMs);
    }
    const release = (): void => {
      if (timer !== undefined) clock.clearTimeout(timer);
      caller?.removeEventListener('abort', follow);
    };
    try {
      const sent = (send ?? globalThis.fetch)(input, { ...init, signal: controller.signal });
      // Cuts off a fetch that does not listen to its signal, too.
      const response = await pTimeout(sent, { milliseconds: Infinity, signal: controller.signal });
      // From here on the socket, if the body needs it, is what keeps the process alive.
      if (typeof timer === 'object') timer.unref?.();
      return watchBody(response, controller.signal, release);
    } catch (error) {
      release();
      throw error;
    }
  };
}

function callerSignal(
  input: Parameters<Fetch>[0],
  init: Parameters<Fetch>[1],
): AbortSignal | undefined {
  if (init?.signal !== undefined) return init.signal ?? undefined;
  return typeof input === 'object' && 'signal' in input ? input.signal : undefined;
}
