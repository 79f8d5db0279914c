import type { Alert, Severity } from '../alert.ts';

/**
 * Alerts that are told together. Plain JSON, one document: its key is `groupKeyOf`, and the `group`
 * of every message made from it.
 *
 * Whatever a channel is told of one alert comes from one group, since messages arrive in order only
 * within a group: when a rise of severity moves an alert to another route, the group that has told a
 * channel goes on to tell it (the rise, repeats as often as the new route wants them, the end), and
 * the new group tells the others.
 */
export interface Group {
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
  /** By id of alert. */
  readonly members: Readonly<Record<string, Member>>;
  readonly channels: Readonly<Record<string, ChannelMemory>>;
  /** When its first news was due: messages go out at whole multiples of `interval` from here. Null: not yet. */
  readonly gridFromMs: number | null;
}

/** An alert in a group. */
export interface Member {
  /** As it is now. */
  readonly alert: Alert;
  readonly told: Told;
  /** Channels that another group tells of it. */
  readonly elsewhere: readonly string[];
  /** From when its news may be told; null: there is none. */
  readonly newsAtMs: number | null;
  /** When this group first told of it, from which escalation counts. */
  readonly toldAtMs: number | null;
}

/** What each channel was told of an alert. */
export type Told = Readonly<Record<string, ToldState>>;

/** What one channel was told of one alert. "Told" means stored to be sent, in order. */
export interface ToldState {
  /** The worst it was told, as far as that is not known to be lost; null: nothing. */
  readonly severity: Severity | null;
  /** The worst that is known to have arrived. */
  readonly arrived: Severity | null;
  /** The message that first told of `severity`, and the latest that named the alert. */
  readonly firstIn: string | null;
  readonly lastIn: string | null;
  /** True when something worse was given up: told again when a repeat would be due. */
  readonly isLost: boolean;
  readonly isAcknowledged: boolean;
  /** True when a later message said that all is over while this was suppressed. */
  readonly isHidden: boolean;
}

/** What a group remembers of a channel. */
export interface ChannelMemory {
  /** When the latest message was planned. */
  readonly sentAtMs: number;
  /** Since the last news. */
  readonly repeatCount: number;
  /** Messages that are not known to have arrived, oldest first. */
  readonly unconfirmed: readonly SentMessage[];
}

/** A message that is not known to have arrived. */
export interface SentMessage {
  readonly id: string;
  readonly atMs: number;
  /** What it told to have ended, without samples. */
  readonly ended: readonly Alert[];
  /** Whether some of `ended` is known to have arrived when it fired. */
  readonly isEndKnown: boolean;
}

/** How many alerts a message lists; it says how many there are. Beyond it members keep no samples. */
export const MAX_LISTED_COUNT = 50;

/** Nothing told yet. */
export const UNTOLD: ToldState = {
  severity: null,
  arrived: null,
  firstIn: null,
  lastIn: null,
  isLost: false,
  isAcknowledged: false,
  isHidden: false,
};

/** What is known of a channel that was told in another way, before the group existed. */
export function toldBefore(severity: Severity): ToldState {
  return { ...UNTOLD, severity, arrived: severity };
}

/** Whether it still lasts. */
export function isActive(alert: Alert): boolean {
  return alert.state !== 'ok';
}

/** Not what every object inherits: a channel may be called `constructor`. */
export function own<V>(record: Readonly<Record<string, V>>, key: string): V | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** The same record with other values. */
export function mapValues<V, W>(
  record: Readonly<Record<string, V>>,
  change: (value: V, key: string) => W,
): Readonly<Record<string, W>> {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [key, change(value, key)]),
  );
}
