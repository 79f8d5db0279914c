import type { Timer } from '../clock.ts';
import type { Deadline } from '../deadline.ts';
import { LONGEST_TIMER_MS } from '../sleep.ts';
import { cancelBody, type Exchange, idleWatch, timedOut } from './exchange.ts';
import type { FetchSettings } from './options.ts';
import { watchBody } from './watch-body.ts';

/**
 * Keeps the deadline and the caller's abort in force over the body of the response that is handed
 * out, until it has been read, has failed or was cancelled. One that is dropped is cut off at the
 * deadline. The timer does not keep the process alive: if the body needs anything, it is the socket,
 * and that one does.
 */
export function holdBody(
  exchange: Exchange<unknown>,
  deadline: Deadline,
  caller: AbortSignal | undefined,
  settings: FetchSettings,
): Response {
  const { own, response } = exchange;
  const { clock } = settings;
  const { body } = response;
  const end = (reason: unknown): void => {
    own.abort(reason);
    release();
    // The native stream, for one that does not notice the abort; ours still has to fail.
    cancelBody(body, reason);
  };
  const follow = (): void => end(caller?.reason);
  const expire = (): void => {
    end(timedOut('total', deadline.totalMs, exchange, settings));
  };
  const release = (): void => {
    if (timer !== undefined) clock.clearTimeout(timer);
    caller?.removeEventListener('abort', follow);
  };
  let timer: Timer | undefined;
  const leftMs = deadline.remainingMs();
  if (leftMs <= LONGEST_TIMER_MS) timer = clock.setTimeout(expire, Math.ceil(leftMs));
  if (typeof timer === 'object') timer.unref?.();
  caller?.addEventListener('abort', follow);
  const waiting = idleWatch(exchange, settings);
  return watchBody(response, { signal: own.signal, waiting, ended: release });
}
