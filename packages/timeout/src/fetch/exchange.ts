import { isRepeatable, type Outcome, type Verdict } from '../classify.ts';
import { type DerivedSignal, deriveSignal } from '../derive-signal.ts';
import { TimeoutError, type TimeoutScope } from '../errors.ts';
import type { Context } from '../policy.ts';
import { LONGEST_TIMER_MS } from '../sleep.ts';
import { assignVerdict } from './assigned-verdict.ts';
import type { FetchSettings } from './options.ts';
import type { ReplayableRequest } from './replayable-request.ts';
import { watchBody } from './watch-body.ts';

/** Makes something of a response, its body included. */
export type Read<T> = (response: Response) => Promise<T>;

/** What the attempts of one call share. */
export interface HttpCall<T> {
  readonly request: ReplayableRequest;
  /** Done within the attempt, so that a body that breaks off is repeated as well. */
  readonly read: Read<T> | undefined;
  readonly isOnlyAttempt: boolean;
  /** Responses that came; all but one are thrown away. */
  readonly exchanges: Set<Exchange<T>>;
  readonly settings: FetchSettings;
}

/** One attempt that was answered. A class, so that it can be told from a value of the caller's. */
export class Exchange<T> {
  readonly response: Response;
  readonly verdict: Verdict;
  readonly attempt: number;
  readonly key: string;
  /** Aborts the request and its body; follows nobody once the attempt has ended. */
  readonly own: DerivedSignal;
  /** Present when `read` has been done. */
  result: { readonly value: T } | undefined = undefined;

  constructor(response: Response, verdict: Verdict, context: Context, own: DerivedSignal) {
    this.response = response;
    this.verdict = verdict;
    this.attempt = context.attempt;
    this.key = context.key;
    this.own = own;
  }
}

/** Sends the request once. A response that is worth repeating is not read yet. */
export async function exchangeOnce<T>(call: HttpCall<T>, context: Context): Promise<Exchange<T>> {
  const { settings, request, read } = call;
  const own = deriveSignal(context.signal);
  let response: Response | undefined;
  try {
    const [input, init] = await request
      .prepare(extraHeaders(settings, context), call.isOnlyAttempt)
      .catch(notOfTheServer);
    own.signal.throwIfAborted();
    response = await (settings.send ?? globalThis.fetch)(input, { ...init, signal: own.signal });
    // A fetch that does not listen to its signal may answer long after it was given up.
    own.signal.throwIfAborted();
    const verdict = settings.classify({ ok: true, value: response }, context);
    const exchange = new Exchange<T>(response, verdict, context, own);
    if (read !== undefined && !isRepeatable(verdict)) {
      const waiting = idleWatch(exchange, settings);
      const body = { signal: own.signal, waiting, ended: () => {} };
      exchange.result = { value: await read(watchBody(response, body)) };
    }
    call.exchanges.add(exchange);
    return exchange;
  } catch (error) {
    if (response !== undefined) discard(response);
    throw error;
  } finally {
    own.dispose();
  }
}

/** A body that cannot be made: nothing was asked of the server, and asking again makes no better one. */
function notOfTheServer(error: unknown): never {
  throw error instanceof Error ? assignVerdict(error, { kind: 'ignore' }) : error;
}

/** Lets the connection go. A body that somebody reads cannot be cancelled, and need not be. */
export function discard(response: Response): void {
  cancelBody(response.body);
}

/** Does nothing with what is no web stream; its fetch hears of the end by its signal. */
export function cancelBody(body: ReadableStream | null, reason?: unknown): void {
  if (typeof body?.cancel === 'function') body.cancel(reason).catch(() => {});
}

/** Ends the exchange when the pause between two pieces of its body gets too long. */
export function idleWatch(
  exchange: Exchange<unknown>,
  settings: FetchSettings,
): (() => () => void) | undefined {
  const { bodyIdleMs, clock } = settings;
  if (bodyIdleMs === undefined || bodyIdleMs > LONGEST_TIMER_MS) return undefined;
  return () => {
    const timer = clock.setTimeout(() => {
      exchange.own.abort(timedOut('body-idle', bodyIdleMs, exchange, settings));
    }, Math.ceil(bodyIdleMs));
    return () => {
      clock.clearTimeout(timer);
    };
  };
}

/** A limit that passed while the body was read: the error, which is told to `onEvent` first. */
export function timedOut(
  scope: TimeoutScope,
  timeoutMs: number,
  { attempt, key }: Exchange<unknown>,
  { onEvent }: FetchSettings,
): TimeoutError {
  try {
    onEvent?.({ type: 'timeout', key, attempt, scope, timeoutMs });
  } catch {
    // A listener must not be able to break the call that it listens to.
  }
  return new TimeoutError(scope, timeoutMs, { attempts: attempt });
}

/** The outcome as it is told outside: the response, not what is kept about it. */
export function toPublic(outcome: Outcome): Outcome {
  return outcome.ok && outcome.value instanceof Exchange
    ? { ok: true, value: outcome.value.response }
    : outcome;
}

function extraHeaders(
  { deadlineHeader, attemptTimeoutMs }: FetchSettings,
  { deadline }: Context,
): Readonly<Record<string, string>> {
  if (deadlineHeader === undefined) return {};
  const wantedMs = Math.min(deadline.remainingMs(), attemptTimeoutMs);
  return { [deadlineHeader]: String(Math.floor(wantedMs)) };
}
