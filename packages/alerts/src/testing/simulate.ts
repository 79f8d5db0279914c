import type { ManualClock } from '@ops/timeout/testing';
import { manualClock } from '@ops/timeout/testing';
import type { SeriesState } from '../alert.ts';
import type { Alerts } from '../alerts.ts';
import type { Channel } from '../channel.ts';
import { createAlerts } from '../create-alerts.ts';
import { DeliveryError } from '../errors.ts';
import type { AlertsEvent } from '../events.ts';
import type { Notification } from '../notification.ts';
import type { Channels, Rules } from '../options.ts';
import { memoryStore } from '../store/memory.ts';
import { happeningsOf, millisecondsOf } from './simulate-events.ts';
import { channelNames, doubleOf, type SimulateOptions } from './simulate-options.ts';
import { timeOf } from './simulate-picture.ts';
import {
  createSimulation,
  type Observation,
  type SimulatedNotification,
  type SimulatedTransition,
  type Simulation,
} from './simulation.ts';

const HOUR_MS = 3_600_000;
const STARTS_AT_MS = Date.UTC(2026, 0, 1);
/** Characters of a timeline. */
const WIDTH = 60;

/** What is done at a time, in the order of times. */
interface Step {
  readonly atMs: number;
  run(alerts: Alerts): unknown;
}

interface Recording {
  readonly transitions: SimulatedTransition[];
  readonly notifications: SimulatedNotification[];
  readonly observations: Observation[];
  readonly faults: unknown[];
}

/**
 * Runs events through the real engine on a time of its own: a week takes seconds, and the same events
 * give the same result. Nothing is sent, nothing is stored.
 *
 * @throws InvalidOptionsError, TypeError (as a rejection) on options or events that cannot be read;
 * Error where an alert to be acknowledged is not there, or where the engine itself failed.
 */
export async function simulate<const C extends Channels = Channels, const R extends Rules = Rules>(
  options: SimulateOptions<C, R>,
): Promise<Simulation> {
  const given = options as unknown as SimulateOptions;
  const clock = manualClock((given.startsAt ?? new Date(STARTS_AT_MS)).getTime());
  const recording: Recording = { transitions: [], notifications: [], observations: [], faults: [] };
  const { steps, lengthMs } = scheduleOf(given, clock, recording);
  const alerts = createAlerts({
    ...settingsOf(given),
    channels: doublesOf(given, clock, recording),
    store: memoryStore(),
    clock,
    random: () => 0.5,
    onEvent: (event) => record(event, clock.monotonic(), recording),
  });
  try {
    for (const { atMs, run } of steps) {
      await clock.advance(Math.max(0, atMs - clock.monotonic()));
      await settled(run(alerts), clock);
    }
    await clock.advance(lengthMs - clock.monotonic());
    if (recording.faults.length > 0) throw recording.faults[0];
    const undeliveredCount = await waitingCount(alerts, clock);
    return createSimulation({ ...recording, lengthMs, undeliveredCount });
  } finally {
    await settled(alerts.close({ drain: 0 }), clock);
  }
}

type Chosen = 'rules' | 'routes' | 'inhibit' | 'mute' | 'fingerprint' | 'delivery' | 'url';

function settingsOf({
  rules,
  routes,
  inhibit,
  mute,
  fingerprint,
  delivery,
  url,
  service = 'service',
  environment = 'simulation',
}: SimulateOptions): Pick<SimulateOptions, Chosen> & {
  readonly service: string;
  readonly environment: string;
} {
  return { rules, routes, inhibit, mute, fingerprint, delivery, url, service, environment };
}

/** Time stands still meanwhile, but for what the work itself waits for. */
async function settled<T>(work: T, clock: ManualClock): Promise<Awaited<T>> {
  const [outcome] = await Promise.all([Promise.resolve(work), clock.advance(0)]);
  return outcome;
}

function scheduleOf(
  options: SimulateOptions,
  clock: ManualClock,
  recording: Recording,
): { readonly steps: readonly Step[]; readonly lengthMs: number } {
  const { silences = [], acknowledgements = [] } = options;
  const steps: Step[] = [
    ...happeningsOf(options.events),
    ...silences.map(({ at, match, for: length, by = 'simulation', reason = 'simulated' }) => ({
      atMs: millisecondsOf(at),
      run: (alerts: Alerts) => alerts.silence({ match, for: length, by, reason }),
    })),
    ...acknowledgements.map((each) => ({
      atMs: millisecondsOf(each.at),
      run: (alerts: Alerts) => acknowledge(alerts, each),
    })),
  ];
  const lastMs = steps.reduce((latest, { atMs }) => Math.max(latest, atMs), 0);
  const lengthMs =
    options.for === undefined ? lastMs + HOUR_MS : millisecondsOf(options.for, 'for');
  for (let at = 0; at < WIDTH; at += 1) {
    const atMs = (at * lengthMs) / (WIDTH - 1);
    steps.push({ atMs, run: (alerts) => observe(alerts, clock, recording) });
  }
  const inTime = steps.filter(({ atMs }) => atMs <= lengthMs);
  return { steps: inTime.toSorted((a, b) => a.atMs - b.atMs), lengthMs };
}

type Acknowledging = NonNullable<SimulateOptions['acknowledgements']>[number];

async function acknowledge(
  alerts: Alerts,
  { at, rule, key, by = 'simulation', note }: Acknowledging,
): Promise<unknown> {
  const found = alerts.active().find((one) => one.rule === rule && (key ?? one.key) === one.key);
  if (found !== undefined) return alerts.acknowledge(found.id, { by, note });
  const name = key === undefined ? rule : `${rule}/${key}`;
  throw new Error(`Nothing of ${name} lasts at ${timeOf(millisecondsOf(at))} to be acknowledged`);
}

async function observe(
  alerts: Alerts,
  clock: ManualClock,
  { observations }: Recording,
): Promise<void> {
  const { series } = await alerts.status();
  const states = new Map<string, SeriesState>();
  for (const { rule, key, state } of series) {
    states.set(key === null || key === '' ? rule : `${rule}/${key}`, state);
  }
  observations.push({ atMs: clock.monotonic(), states });
}

async function waitingCount(alerts: Alerts, clock: ManualClock): Promise<number> {
  const { channels } = await settled(alerts.status(), clock);
  return channels.reduce((count, { pendingCount }) => count + pendingCount, 0);
}

function doublesOf(
  options: SimulateOptions,
  clock: ManualClock,
  { notifications }: Recording,
): Readonly<Record<string, Channel>> {
  const outages = (options.outages ?? []).map(({ at, channel, for: length }) => {
    const fromMs = millisecondsOf(at);
    return { channel, fromMs, toMs: fromMs + millisecondsOf(length, 'for') };
  });
  const entries = channelNames(options).map((name) => {
    const double = doubleOf(options.channels?.[name], async (payload) => {
      const atMs = clock.monotonic();
      const isOut = outages.some(
        (one) => one.channel === name && one.fromMs <= atMs && atMs < one.toMs,
      );
      if (isOut) throw new DeliveryError('simulated outage', { retryable: true });
      // Without a `render` the payload is the notification.
      const notification = payload as unknown as Notification;
      const { kind, text } = notification;
      notifications.push({ atMs, channel: name, kind, text, notification });
    });
    return [name, double] as const;
  });
  return Object.fromEntries(entries);
}

function record(event: AlertsEvent, atMs: number, { transitions, faults }: Recording): void {
  if (event.type === 'fault') faults.push(event.error);
  if (event.type !== 'transition' && event.type !== 'escalation') return;
  const { id, rule, key, labels, state, severity, reason } = event.alert;
  const from = event.type === 'transition' ? event.from : state;
  transitions.push({ atMs, id, rule, key, labels, from, to: state, severity, reason });
}
