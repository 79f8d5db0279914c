import type { Clock } from '@ops/timeout';
import type { ErrorSample } from '../alert.ts';
import type { Emit } from '../events.ts';
import type { Told } from '../notify/group.ts';
import type { AlertsSettings } from '../options.ts';
import type { StoreSession } from '../store.ts';
import { createDispatcher, type Dispatcher } from './dispatcher.ts';
import { createLoop, type Loop } from './loop.ts';
import { createOutcomes } from './outcomes.ts';
import { type CountedEvent, createRounds, type Rounds } from './rounds.ts';
import { createSeriesBook, type SeriesBook, type SeriesEntry } from './series-book.ts';

/** Everything that works with one store: rounds, the sending of what they claim, and when. */
export interface Worker {
  readonly session: StoreSession;
  readonly rounds: Rounds;
  readonly loop: Loop;
  readonly dispatcher: Dispatcher;
  readonly book: SeriesBook;
  add(events: readonly CountedEvent[]): void;
  /** After the last round there was more to do at once. */
  readonly hasMore: boolean;
  /** When something is due next, by the store's time; Infinity: nothing, as far as is known. */
  readonly nextDueMs: number;
}

export interface WorkerOptions {
  readonly session: StoreSession;
  readonly settings: AlertsSettings;
  readonly clock: Clock;
  readonly time: () => number;
  readonly replica: string;
  readonly isDegraded: boolean;
  readonly emit: Emit;
  readonly busy: Set<string>;
  readonly samples: (entry: SeriesEntry, sinceMs: number) => readonly ErrorSample[];
  readonly told?: ((alertId: string) => Told | 'ended' | undefined) | undefined;
  readonly mayTell?: ((docKey: string) => boolean) | undefined;
  readonly bornElsewhere?: ((docKey: string) => string | undefined) | undefined;
  /** So many events lost their exact time. */
  readonly onCoarsened: (eventCount: number) => void;
  /** Called at the beginning of each round; the round fails with it. */
  readonly onRound: () => void | Promise<void>;
  readonly onSuccess: () => void;
  readonly onFailure: (error: unknown, failureCount: number) => void;
}

/** What has just been looked at and is still due belongs to others; it is looked at again after this. */
const NOT_OURS_MS = 1_000;
const AT_ONCE_MS = 10;

export function createWorker(options: WorkerOptions): Worker {
  const { session, settings, clock, time, replica, isDegraded, emit } = options;
  const { rules, channels, delivery, random, fetch, notify } = settings;
  const onFault = (error: unknown): void => emit({ type: 'fault', error });
  const book = createSeriesBook({
    rules,
    random,
    onFault,
    bornElsewhere: options.bornElsewhere,
  });
  const compose = { channels, maxAgeMs: delivery.maxAgeMs, emit };
  let nextDueMs = Infinity;
  let hasMore = false;

  const rounds = createRounds({
    session,
    book,
    settings: notify,
    compose,
    replica,
    isDegraded,
    time,
    emit,
    samples: (entry) => options.samples(entry, time() - entry.rule.lookbackMs),
    told: options.told ?? (() => undefined),
    mayTell: options.mayTell ?? (() => true),
  });
  const outcomes = createOutcomes({ session, rounds, settings: notify, compose, isDegraded, emit });
  const dispatcher = createDispatcher({
    channels,
    delivery,
    clock,
    time,
    random,
    fetch,
    emit,
    outcomes,
    now: () => session.now(),
    busy: options.busy,
    onFree: () => loop.soon(),
  });

  async function work(): Promise<{ readonly nextMs: number | undefined }> {
    await options.onRound();
    await outcomes.retry();
    const report = await rounds.run(dispatcher.claimable(), (claims) => dispatcher.take(claims));
    options.onSuccess();
    nextDueMs = report.nextDueMs ?? Infinity;
    hasMore = report.hasMessages || report.isUnfinished;
    if (report.hasMessages) return { nextMs: time() };
    if (report.isUnfinished) return { nextMs: time() + AT_ONCE_MS };
    if (nextDueMs === Infinity) return { nextMs: undefined };
    const delayMs = nextDueMs - session.now();
    return { nextMs: time() + (delayMs > 0 ? delayMs : NOT_OURS_MS) };
  }

  const loop: Loop = createLoop({
    clock,
    time,
    random,
    intervalMs: () => session.intervalMs,
    work,
    onFailure: options.onFailure,
  });

  return {
    session,
    rounds,
    loop,
    dispatcher,
    book,
    add(events) {
      const isUrgent = rounds.add(events);
      const coarsenedCount = book.shrink();
      if (coarsenedCount > 0) options.onCoarsened(coarsenedCount);
      if (isUrgent) loop.soon();
      else if (rounds.isWaiting) loop.later();
    },
    get hasMore() {
      return hasMore;
    },
    get nextDueMs() {
      return nextDueMs;
    },
  };
}
