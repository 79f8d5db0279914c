import { createEngine } from './engine.ts';
import { type CreateFetchOptions, type ResilientFetch, readFetchOptions } from './options.ts';

/**
 * Makes a `fetch` that cannot hang: it rejects, or the body read rejects, with a `TimeoutError` once
 * a limit is passed. With `retry` it repeats what is safe to repeat.
 *
 * The clock starts at the call. The result is assignable to `typeof fetch` and resolves to the very
 * `Response` it got, whatever its status, a 503 too when no attempt is left. The caller's signal (or
 * that of a `Request`) rejects with its identical reason from every state, and is itself never handed
 * to the underlying fetch, which would leave a listener on it until collected.
 *
 * Repeated is what was not sent or was rejected, and, if the request is idempotent, what may have
 * been done. Never repeated: a body that is a stream, unless `resilience.body` makes it anew; what
 * came after the response was handed out. The bodies of responses that are not handed out are
 * cancelled. A wait that would end after the deadline is not begun: the last outcome is the result.
 *
 * @throws InvalidOptionsError when an option is wrong, at construction.
 */
export function createFetch(options: CreateFetchOptions = {}): ResilientFetch {
  return createEngine(readFetchOptions(options)).fetch;
}
