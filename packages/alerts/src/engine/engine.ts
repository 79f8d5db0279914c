import type { Alert } from '../alert.ts';
import type { Emit } from '../events.ts';
import type { AlertsSettings } from '../options.ts';
import { steadyTime } from '../steady-time.ts';
import { createDegraded, type Degraded, type DegradedOptions } from './degraded.ts';
import { createFront, type Front } from './front.ts';
import { createWorker, type Worker } from './worker.ts';

/** One replica: takes events in, keeps the state in the store, sends; alone while the store is away. */
export interface Engine {
  readonly front: Front;
  /** Of the store, whether it can be reached or not. */
  readonly main: Worker;
  /** Of the store, or where that cannot be reached, of this process alone. */
  readonly current: Worker;
  readonly isDegraded: boolean;
  readonly time: () => number;
  active(): readonly Alert[];
  /** Nothing begins any more; what is being sent is aborted. */
  stop(): Promise<void>;
  /** After `stop`. Never rejects. */
  closeStore(): Promise<void>;
}

/** Rounds that fail one after the other before the store counts as lost. */
const LOST_AFTER_COUNT = 2;

const COARSENED_MS = 60_000;

export function createEngine(settings: AlertsSettings, emit: Emit): Engine {
  const { clock, rules } = settings;
  const onFault = (error: unknown): void => emit({ type: 'fault', error });
  const time = steadyTime(clock, onFault);
  const scope = `${settings.service}/${settings.environment}`;
  const session = settings.store.open({ scope, clock });
  const replica = replicaId();
  const shared = { settings, clock, time, replica, busy: new Set<string>() };
  let degraded: Degraded | undefined;
  let isDegrading = false;
  let lostAtMs = 0;
  let coarsenedCount = 0;
  let coarsenedMs = Number.NEGATIVE_INFINITY;
  let isStopped = false;

  const front = createFront({
    rules,
    fingerprint: settings.fingerprint,
    clock,
    time,
    onFault,
    onEvents(events) {
      main.add(events);
      degraded?.worker.add(events);
    },
    onCoarsened: coarsened,
  });
  const samples = front.samples;

  const main: Worker = createWorker({
    ...shared,
    session,
    isDegraded: false,
    emit,
    samples,
    onCoarsened: coarsened,
    told: (alertId) => degraded?.told(alertId),
    async onRound() {
      front.drain();
      if (degraded === undefined) return;
      // Is it back? Only then is what was told alone settled, so that it is not told again.
      await session.tick({ read: [], dueCount: 0, claim: [] });
      await degraded.pause();
      front.drain();
    },
    onSuccess: back,
    onFailure: lost,
  });

  /** Told of once a minute: a flood goes on. */
  function coarsened(eventCount: number): void {
    coarsenedCount += eventCount;
    if (time() - coarsenedMs < COARSENED_MS) return;
    emit({ type: 'coarsened', eventCount: coarsenedCount });
    coarsenedMs = time();
    coarsenedCount = 0;
  }

  function lost(error: unknown, failureCount: number): void {
    if (isStopped) return;
    degraded?.resume();
    if (failureCount < LOST_AFTER_COUNT || degraded !== undefined || isDegrading) return;
    lostAtMs = time();
    emit({ type: 'store-lost', error });
    const options: DegradedOptions = {
      ...shared,
      emit,
      samples,
      // The same events wait for the store, where they are counted.
      onCoarsened: () => {},
      onRound: () => front.drain(),
    };
    void goAlone(options);
  }

  async function goAlone(options: DegradedOptions): Promise<void> {
    isDegrading = true;
    try {
      const made = await createDegraded(options, main);
      degraded = made;
      made.begin();
    } catch (fault) {
      onFault(fault);
    }
    isDegrading = false;
  }

  function back(): void {
    const ended = degraded;
    if (ended === undefined) return;
    degraded = undefined;
    void ended.end().catch(onFault);
    emit({ type: 'store-back', lostForMs: Math.round(time() - lostAtMs) });
  }

  // What others did, before or elsewhere, and the time of the store, is worth knowing from the beginning.
  main.loop.soon();

  return {
    front,
    main,
    time,
    get current() {
      return degraded?.worker ?? main;
    },
    get isDegraded() {
      return degraded !== undefined;
    },
    active: () => (degraded?.worker ?? main).rounds.view.alerts,
    async stop() {
      isStopped = true;
      front.stop();
      main.loop.stop();
      degraded?.worker.loop.stop();
      await Promise.all([main.dispatcher.stop(), degraded?.worker.dispatcher.stop()]);
    },
    async closeStore() {
      const ended = degraded;
      await ended?.end().catch(onFault);
      await session.close().catch(onFault);
    },
  };
}

/** Different in every process, whatever `random` was given: replicas know their commits by it. */
function replicaId(): string {
  return globalThis.crypto.randomUUID().slice(0, 8);
}
