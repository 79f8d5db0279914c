/**
 * Sends what waits, one request at a time, as the Node client does:
 *
 *   resting   --(an event waits)-->                      lingering: a timer of `interval`
 *   lingering --(batch full, a flush, or the timer)-->   sending
 *   sending   --(nothing more that is due)-->            resting or lingering
 *   sending   --(events to retry, or Retry-After)-->     held: a timer until `holdUntil`
 *   held      --(the timer)-->                           sending
 */
import type { EventResult } from '../wire.ts';
import { type Books, type Entry, FLYING, HANDED, WAITING } from './books.ts';
import type { ParsedOptions } from './read-options.ts';
import type { Answer, Transport } from './transport.ts';

export interface Delivery {
  /** Sets the timer from the state. Call after each change; never sends from inside the call. */
  plan(): void;
  /**
   * What was handed to the browser waits again, since nobody knows what became of it, and the next
   * attempt need not wait, unless the server named its time.
   */
  resume(): void;
  /** Hands events to the browser in a request that outlives the page; its answer counts. */
  leave(batch: readonly Entry[]): Promise<void>;
  /**
   * Resolves when every event accepted so far is settled, after `timeout` ms, as soon as it is known
   * that the next attempt is later than that, or when `signal` is aborted.
   */
  drain(timeout: number, signal: AbortSignal | undefined): Promise<void>;
}

/**
 * A backlog goes in few large requests: a page that is left can still send 64 KiB, so what counts is
 * how much is gone before. Below the 1,000 that an ingest handler takes.
 */
const REQUEST_EVENTS = 500;

/** Under 500, three statuses say "later" rather than "no". */
const FINAL = /^4(?!08|25|29)/;

export function createDelivery(
  { batch: limits, retry, page }: ParsedOptions,
  books: Books,
  transport: Transport,
): Delivery {
  /** Of those who wait in `drain`: each looks whether there is anything left to wait for. */
  const waiters = new Set<() => void>();
  let timer: unknown;
  let isSending = false;
  /** No request before this monotonic time. */
  let holdUntil = -Infinity;
  /** How long the server asked to wait, with its last answer. */
  let heldFor = 0;
  let failures = 0;
  /** Events in a request at most: halved by a 413, then growing again. */
  let sizeLimit = REQUEST_EVENTS;

  const now = (): number => page.performance.now();

  /** Monotonic time of the next request. */
  const nextAt = (): number => {
    const [first] = books.next(1, 0);
    if (!first || books.consent !== 'granted') return Infinity;
    const isDue: unknown =
      waiters.size > 0 ||
      first.triedAt ||
      books.pending.size >= limits.maxEvents ||
      books.counts.bytes >= limits.maxBytes;
    return Math.max(isDue ? -Infinity : first.since + limits.interval, holdUntil);
  };

  const plan = (): void => {
    for (const check of waiters) check();
    page.clearTimeout(timer as never);
    const at = isSending ? Infinity : nextAt();
    if (at < Infinity) timer = page.setTimeout(run, at - now());
  };

  const conclude = (batch: readonly Entry[], answer: Answer): void => {
    let [cause, status, results, retryAfter] = answer;
    const isFinal = FINAL.test(status as never);
    const stored: Entry[] = [];
    const again: Entry[] = [];
    const lost: Entry[] = [];
    for (const entry of batch) {
      const { result, details } = (results?.[entry.id] ?? {}) as Partial<EventResult>;
      if (result === 'ok' || result === 'warning') stored.push(entry);
      // One that the answer does not name may or may not be stored; its id makes a repeat safe.
      else if (!isFinal && (!result || result === 'retry')) again.push(entry);
      else {
        lost.push(entry);
        if (result) cause = new Error(details);
      }
    }
    const facts = { status, cause };
    books.settle(stored);
    if (status === 413 && batch.length > 1) sizeLimit = batch.length >> 1;
    else {
      books.settle(lost, status === 413 ? 'too_large' : 'rejected', facts);
      if (stored[0]) sizeLimit = Math.min(REQUEST_EVENTS, sizeLimit * 1.25);
    }
    books.settle(
      again.filter(({ triedAt }) => now() - (triedAt as number) >= retry.budget),
      'retry_budget',
      facts,
    );
    // One event that the server cannot take now must not slow the others down more and more.
    failures = again[0] ? (stored[0] ? 1 : failures + 1) : 0;
    heldFor = (retryAfter as number) > 0 ? Math.min(retryAfter as number, retry.maxRetryAfter) : 0;
    const ceiling = Math.min(retry.maxDelay, failures && retry.initialDelay * 2 ** (failures - 1));
    // Jitter comes after the time asked for, never before it.
    holdUntil = now() + heldFor + page.Math.random() * ceiling;
  };

  const send = async (batch: readonly Entry[], place: typeof FLYING | typeof HANDED) => {
    for (const entry of batch) {
      entry.place = place;
      entry.triedAt ??= now();
    }
    conclude(batch, await transport.request(batch, place === HANDED));
    // What was handed to the browser meanwhile stays there.
    for (const entry of batch) if (entry.place === place) entry.place = WAITING;
    plan();
  };

  const run = async (): Promise<void> => {
    isSending = true;
    while (nextAt() <= now()) await send(books.next(sizeLimit, limits.maxBytes), FLYING);
    isSending = false;
    plan();
  };

  return {
    plan,
    resume() {
      for (const entry of books.pending) if (entry.place === HANDED) entry.place = WAITING;
      if (!heldFor) holdUntil = -Infinity;
      plan();
    },
    leave: (batch) => send(batch, HANDED),
    drain: (timeout, signal) =>
      new Promise((resolve) => {
        const upTo = books.counts.accepted;
        const until = now() + timeout;
        const check = (): void => {
          const [oldest] = books.pending;
          const isHopeless = !isSending && nextAt() >= until;
          if (!oldest || oldest.nth > upTo || isHopeless || signal?.aborted) end();
        };
        const end = (): void => {
          waiters.delete(check);
          page.clearTimeout(deadline as never);
          signal?.removeEventListener('abort', end);
          resolve();
        };
        // First, so that a signal that is none leaves nothing behind.
        signal?.addEventListener('abort', end);
        const deadline = page.setTimeout(end, timeout);
        waiters.add(check);
        plan();
      }),
  };
}
