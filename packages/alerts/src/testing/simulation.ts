import type { AlertState, Labels, SeriesState, Severity } from '../alert.ts';
import type { Notification, NotificationKind } from '../notification.ts';
import { type At, millisecondsOf } from './simulate-events.ts';
import { type Picture, pictureOf, timeOf } from './simulate-picture.ts';

/** A step in the life of an alert. `to` is `firing` again where it got worse. */
export interface SimulatedTransition {
  /** From the beginning. */
  readonly atMs: number;
  readonly id: string;
  readonly rule: string;
  readonly key: string | null;
  readonly labels: Labels;
  readonly from: SeriesState;
  readonly to: AlertState;
  readonly severity: Severity;
  readonly reason: string;
}

/** What a channel was sent. */
export interface SimulatedNotification {
  /** When the channel took it, from the beginning. */
  readonly atMs: number;
  readonly channel: string;
  readonly kind: NotificationKind;
  readonly text: string;
  readonly notification: Notification;
}

/** What every series was at one time, by `rule` or `rule/key`. */
export interface Observation {
  readonly atMs: number;
  readonly states: ReadonlyMap<string, SeriesState>;
}

/** An alert that is expected to last; what is left out may be anything. */
export interface ExpectedAlert {
  readonly rule: string;
  readonly key?: string | null | undefined;
  readonly severity?: Severity | undefined;
  readonly state?: 'firing' | 'recovering' | undefined;
  readonly labels?: Labels | undefined;
}

/** An alert as it stood at one time. */
export type SimulatedAlert = Omit<SimulatedTransition, 'from' | 'to'> & {
  readonly state: 'firing' | 'recovering';
};

/** What became of the events. */
export interface Simulation {
  /** In order. */
  readonly transitions: readonly SimulatedTransition[];
  /** In the order in which they were delivered. */
  readonly notifications: readonly SimulatedNotification[];
  /** How long it was, in milliseconds. */
  readonly lengthMs: number;
  /** Messages that no channel had taken at the end. */
  readonly undeliveredCount: number;
  /** What had fired by then and was not resolved, in the order in which it fired. */
  alertsAt(at: At): readonly SimulatedAlert[];
  /** What was sent to one channel. */
  sentTo(channel: string): readonly SimulatedNotification[];
  /**
   * As promtool's `exp_alerts`: exactly these last at that time, no other (a recovering alert lasts).
   *
   * @throws Error that shows both, and the whole timeline.
   */
  expectAlerts(at: At, expected: readonly ExpectedAlert[]): void;
  /** A timeline of every series, and a line for each transition and notification. */
  toString(): string;
}

export function createSimulation(
  picture: Picture & { readonly undeliveredCount: number },
): Simulation {
  const { transitions, notifications, lengthMs, undeliveredCount } = picture;
  const simulation: Simulation = {
    transitions,
    notifications,
    lengthMs,
    undeliveredCount,
    alertsAt: (at) => alertsAt(transitions, millisecondsOf(at)),
    sentTo: (channel) => notifications.filter((one) => one.channel === channel),
    expectAlerts(at, expected) {
      const found = simulation.alertsAt(at);
      if (isAsExpected(found, expected)) return;
      const told = found.map(({ rule, key, state, severity, labels }) => ({
        rule,
        key,
        state,
        severity,
        labels,
      }));
      throw new Error(
        `At ${timeOf(millisecondsOf(at))} expected ${JSON.stringify(expected)}, found ${JSON.stringify(told)}\n\n${simulation.toString()}`,
      );
    },
    toString: () => pictureOf(picture),
  };
  return Object.freeze(simulation);
}

function alertsAt(
  transitions: readonly SimulatedTransition[],
  atMs: number,
): readonly SimulatedAlert[] {
  const active = new Map<string, SimulatedAlert>();
  for (const { from: _, to, ...facts } of transitions) {
    if (facts.atMs > atMs) break;
    if (to === 'ok') active.delete(facts.id);
    else active.set(facts.id, { ...facts, state: to });
  }
  return [...active.values()];
}

/** Each expected one stands for another found one: the more is said, the sooner it is given one. */
function isAsExpected(
  found: readonly SimulatedAlert[],
  expected: readonly ExpectedAlert[],
): boolean {
  if (found.length !== expected.length) return false;
  const takenBy = new Map<SimulatedAlert, ExpectedAlert>();
  /** As in matching people to chairs: whoever sits there may move on. */
  const seat = (one: ExpectedAlert, tried: Set<SimulatedAlert>): boolean =>
    found.some((alert) => {
      if (tried.has(alert) || !fits(alert, one)) return false;
      tried.add(alert);
      const other = takenBy.get(alert);
      if (other !== undefined && !seat(other, tried)) return false;
      takenBy.set(alert, one);
      return true;
    });
  return expected.every((one) => seat(one, new Set()));
}

function fits(
  alert: SimulatedAlert,
  { rule, key, severity, state, labels = {} }: ExpectedAlert,
): boolean {
  return (
    alert.rule === rule &&
    (key === undefined || (key ?? '') === (alert.key ?? '')) &&
    (severity === undefined || alert.severity === severity) &&
    (state === undefined || alert.state === state) &&
    Object.entries(labels).every(([name, value]) => alert.labels[name] === value)
  );
}
