import type { Clock } from '@ops/timeout';
import type { Store, StoreSession } from '../../src/store.ts';

/** What the network, and the process, do to the calls of one replica. */
export interface Weather {
  /** 0 to below 1. */
  readonly random: () => number;
  /** The store cannot be reached. */
  isOut: boolean;
  /** The process is dead: nothing it waits for ever comes. */
  isDead: boolean;
  /** Share of the calls that fail: before they were done, or after, without an answer. */
  lossShare: number;
  maxDelayMs: number;
}

/** A store whose answers are late, lost, or never come. */
export function faultyStore(inner: Store, clock: Clock, weather: Weather): Store {
  const pass = (): Promise<void> => {
    const ms = Math.floor(weather.random() * weather.maxDelayMs);
    if (ms === 0) return Promise.resolve();
    return new Promise((resolve) => void clock.setTimeout(() => resolve(), ms));
  };
  const never = new Promise<never>(() => {});

  async function call<T>(work: () => Promise<T>): Promise<T> {
    if (weather.isDead) return never;
    await pass();
    if (weather.isDead) return never;
    if (weather.isOut) throw new Error('connection refused');
    const luck = weather.random();
    if (luck < weather.lossShare / 2) throw new Error('connection lost before');
    const result = await work();
    await pass();
    if (weather.isDead) return never;
    if (luck < weather.lossShare) throw new Error('connection lost after');
    return result;
  }

  return {
    kind: 'faulty',
    open(context) {
      const session = inner.open(context);
      return {
        get intervalMs() {
          return 1_000;
        },
        now: () => session.now(),
        tick: (request) => call(() => session.tick(request)),
        commit: (units) => call(() => session.commit(units)),
        settle: (settlement) => call(() => session.settle(settlement)),
        waiting: (channel, count) => call(() => session.waiting(channel, count)),
        list: (prefix, count) => call(() => session.list(prefix, count)),
        addSilence: (silence) => call(() => session.addSilence(silence)),
        endSilence: (id) => call(() => session.endSilence(id)),
        history: (query) => call(() => session.history(query)),
        close: () => session.close(),
      } satisfies StoreSession;
    },
  };
}
