import type { Clock } from '@ops/timeout';
import type { Severity } from '../alert.ts';
import type { AlertsEvent } from '../events.ts';
import { type Told, toldBefore } from '../notify/group.ts';
import { memoryStore } from '../store/memory.ts';
import type { StoreSession } from '../store.ts';
import { createWorker, type Worker, type WorkerOptions } from './worker.ts';

/** This replica on its own, while the store cannot be reached. */
export interface Degraded {
  readonly worker: Worker;
  /** Takes over what waits for the store; what comes from now on is to be given to both. */
  begin(): void;
  /** Sends nothing more; resolves when what is being sent has come to its end. */
  pause(): Promise<void>;
  /** The store was not back after all. */
  resume(): void;
  /** Ends it. */
  end(): Promise<void>;
  /** What channels know of an alert that was told here. */
  told(alertId: string): Told | 'ended' | undefined;
}

/** One firing message for each series in this time, as often as a route repeats at first by default. */
const REPEAT_MS = 3_600_000;

export type DegradedOptions = Omit<
  WorkerOptions,
  'session' | 'isDegraded' | 'told' | 'mayTell' | 'bornElsewhere' | 'onFailure' | 'onSuccess'
>;

/**
 * Goes on with the series as they were known last, in memory. The groups are not taken along: every
 * replica would repeat, and end, what all of them have told. So what fired before the store was lost is
 * told of again once it is back, and only what fires meanwhile is told here.
 */
export async function createDegraded(options: DegradedOptions, main: Worker): Promise<Degraded> {
  const clock = clockOf(main.session, options.clock);
  const session = memoryStore({ clock }).open({ scope: 'degraded', clock });
  const memory = createToldMemory();
  const lastToldMs = new Map<string, number>();
  await seed(session, main);

  const worker = createWorker({
    ...options,
    session,
    isDegraded: true,
    emit(event) {
      memory.note(event, worker);
      // A step of an alert that began in the store is told when the store has it.
      if (!('alert' in event) || event.alert.degraded) options.emit(event);
    },
    mayTell(docKey) {
      const nowMs = session.now();
      if (nowMs - (lastToldMs.get(docKey) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return false;
      lastToldMs.set(docKey, nowMs);
      return true;
    },
    // What begins here, and in the store when it is back, is one alert: it is not told twice.
    bornElsewhere: (docKey) => main.book.get(docKey)?.born,
    onSuccess: () => {},
    onFailure: (error) => options.emit({ type: 'fault', error }),
  });

  return {
    worker,
    begin() {
      for (const entry of main.book.waiting()) worker.book.take(entry);
      worker.loop.soon();
    },
    async pause() {
      worker.dispatcher.pause();
      await worker.dispatcher.idle();
    },
    resume() {
      worker.dispatcher.resume();
      worker.loop.soon();
    },
    async end() {
      worker.loop.stop();
      await worker.dispatcher.stop();
      await session.close();
    },
    told: memory.told,
  };
}

/** The store's time goes on where it was. */
function clockOf(session: StoreSession, clock: Clock): Clock {
  const aheadMs = session.now() - clock.now();
  return {
    now: () => clock.now() + aheadMs,
    monotonic: () => clock.monotonic(),
    setTimeout: (callback, delayMs) => clock.setTimeout(callback, delayMs),
    clearTimeout: (timer) => clock.clearTimeout(timer),
  };
}

async function seed(session: StoreSession, main: Worker): Promise<void> {
  const { documents, alerts, silences } = main.rounds.view;
  const series = [...documents.values()].filter(({ key }) => key.startsWith('s:'));
  const changes = series.map(({ key, value, dueAtMs }) => ({ key, version: 0, value, dueAtMs }));
  await session.commit([{ documents: changes, messages: [], alerts }]);
  for (const silence of silences) await session.addSilence(silence);
}

interface ToldMemory {
  note(event: AlertsEvent, worker: Worker): void;
  told(alertId: string): Told | 'ended' | undefined;
}

/** Which channels have taken that an alert fires, and which that it is over. */
function createToldMemory(): ToldMemory {
  const byAlert = new Map<string, Map<string, Severity | 'ended'>>();
  return {
    note(event, worker) {
      if (event.type !== 'delivered') return;
      const { kind, alertIds } = event.message;
      const isEnd = kind === 'resolved' || kind === 'fired-and-resolved';
      const active = new Map(worker.rounds.view.alerts.map((alert) => [alert.id, alert]));
      for (const id of alertIds) {
        const channels = byAlert.get(id) ?? new Map<string, Severity | 'ended'>();
        byAlert.set(id, channels);
        channels.set(event.channel, isEnd ? 'ended' : (active.get(id)?.severity ?? 'low'));
      }
    },
    told(alertId) {
      const channels = byAlert.get(alertId);
      if (channels === undefined) return undefined;
      const told = [...channels].flatMap(([channel, severity]) =>
        severity === 'ended' ? [] : [[channel, toldBefore(severity)] as const],
      );
      return told.length === 0 ? 'ended' : Object.fromEntries(told);
    },
  };
}
