import type { Clock } from '@ops/timeout';
import {
  type Alerts,
  type AlertsEvent,
  type Channel,
  createAlerts,
  DeliveryError,
  memoryStore,
  type Notification,
  type Route,
  type Rule,
  type StoreSession,
} from '../../src/index.ts';
import { createManualClock, type ManualClock } from '../manual-clock.ts';
import { faultyStore, type Weather } from './faulty-store.ts';

/** What arrived at the other side of a channel. */
interface Arrival {
  readonly atMs: number;
  readonly replica: number;
  readonly channel: string;
  readonly notification: Notification;
}

/** An event that a replica told of. */
interface Told {
  readonly replica: number;
  readonly event: AlertsEvent;
}

interface Replica {
  readonly alerts: Alerts;
  readonly weather: Weather;
  /** As a process that is killed. */
  kill(): void;
}

/** How the other side of a channel takes one message. */
export type Mood = 'takes' | 'fails' | 'arrives but fails' | 'hangs' | 'busy' | 'refuses';

export interface ClusterOptions {
  readonly count: number;
  readonly random: () => number;
  readonly rules: Readonly<Record<string, Rule>>;
  readonly routes: readonly Route<'ops' | 'pager'>[];
  readonly mood: (channel: string, atMs: number) => Mood;
  readonly lossShare: number;
  readonly maxDelayMs: number;
}

export interface Cluster {
  readonly clock: ManualClock;
  readonly replicas: readonly Replica[];
  readonly arrivals: readonly Arrival[];
  readonly told: readonly Told[];
  /** Past all faults. */
  readonly store: StoreSession;
  close(): Promise<void>;
}

/** Replicas over one store, each with a wall clock of its own, up to a minute off. */
export function createCluster(options: ClusterOptions): Cluster {
  const clock = createManualClock();
  const inner = memoryStore({ clock });
  const arrivals: Arrival[] = [];
  const told: Told[] = [];

  function start(replica: number): Replica {
    const weather: Weather = {
      random: options.random,
      isOut: false,
      isDead: false,
      lossShare: options.lossShare,
      maxDelayMs: options.maxDelayMs,
    };
    const skewMs = Math.floor((options.random() - 0.5) * 120_000);
    const own: Clock = {
      now: () => clock.now() + skewMs,
      monotonic: () => clock.monotonic(),
      setTimeout: (callback, ms) => clock.setTimeout(() => weather.isDead || callback(), ms),
      clearTimeout: (timer) => clock.clearTimeout(timer),
    };
    const channelOf = (channel: string): Channel => ({
      kind: 'wire',
      rate: { perSecond: 1 },
      async send(payload, { signal }) {
        if (weather.isDead) return new Promise(() => {});
        const mood = options.mood(channel, clock.monotonic());
        const notification = payload as unknown as Notification;
        const atMs = clock.monotonic();
        arrivals.push({ atMs, replica, channel, notification });
        await new Promise((resolve) => clock.setTimeout(() => resolve(undefined), 50));
        if (weather.isDead) return new Promise(() => {});
        signal.throwIfAborted();
        if (mood === 'takes') return undefined;
        if (mood === 'hangs') return new Promise(() => {});
        if (mood === 'refuses') throw new DeliveryError('no', { retryable: false });
        throw new DeliveryError(mood, {
          retryable: true,
          retryAfterMs: mood === 'busy' ? 5_000 : undefined,
        });
      },
    });
    const alerts = createAlerts({
      service: 'billing',
      environment: 'test',
      store: faultyStore(inner, own, weather),
      channels: { ops: channelOf('ops'), pager: channelOf('pager') },
      rules: options.rules,
      routes: options.routes,
      clock: own,
      random: options.random,
      onEvent: (event) => {
        if (!weather.isDead) told.push({ replica, event });
      },
    });
    const kill = (): void => {
      weather.isDead = true;
    };
    return { alerts, weather, kill };
  }

  const replicas = Array.from({ length: options.count }, (_, index) => start(index));
  const store = inner.open({ scope: 'billing/test', clock });
  return {
    clock,
    replicas,
    arrivals,
    told,
    store,
    async close() {
      const alive = replicas.filter(({ weather }) => !weather.isDead);
      for (const { weather } of alive) {
        Object.assign(weather, { isOut: false, lossShare: 0, maxDelayMs: 0 });
      }
      const closing = Promise.all(alive.map(({ alerts }) => alerts.close({ drain: 0 })));
      // For what is still on its way.
      await clock.advance(1_000);
      await closing;
    },
  };
}
