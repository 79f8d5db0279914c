import type { Duration } from '@ops/timeout';
import type { AlertMatch } from '../silence.ts';
import type { MuteSettings, MuteWindow } from './mute-window.ts';

/** Which alerts go where, when, and how often. The first route that matches takes the alert. */
export interface Route<ChannelName extends string = string, RuleName extends string = string> {
  /** What it takes. Left out: everything. */
  readonly match?: AlertMatch<RuleName> | undefined;
  /** Names of channels, at least one. */
  readonly to: readonly ChannelName[];
  /**
   * Alerts that have the same values here are told together, in one message: `'rule'`, `'severity'`,
   * or the name of a label. `[]`: all alerts of the route together.
   * @default each alert by itself
   */
  readonly groupBy?: readonly string[] | undefined;
  /**
   * How long news waits for more news of its group. A rise of severity does not wait.
   * @default 0
   */
  readonly wait?: Duration | undefined;
  /**
   * Least time between two messages with news of one group. A rise of severity does not heed it.
   * @default `wait`
   */
  readonly interval?: Duration | undefined;
  /**
   * How long after a message it is told again that its alerts last; false: never. With a back-off
   * each pause is `factor` times the one before, until `max`; a message with news starts anew.
   * @default { first: '1h', factor: 2, max: '24h' }
   */
  readonly repeat?: Duration | RepeatBackoff | false | undefined;
  /** Who else is told of an alert that lasts. The time counts from when the route first told of it. */
  readonly escalate?: readonly EscalationStep<ChannelName>[] | undefined;
  /** When only ends are told; what still fires then is told when the window ends. */
  readonly mute?: readonly MuteWindow<RuleName>[] | undefined;
  /**
   * Whether channels that were told of an alert are told of its end.
   * @default true
   */
  readonly sendResolved?: boolean | undefined;
}

/** Pauses between repeats: `first`, `first * factor`, … up to `max`. */
export interface RepeatBackoff {
  readonly first: Duration;
  /** 1 to 100. @default 2 */
  readonly factor?: number | undefined;
  /** At least `first`. @default '24h', or `first` where that is longer */
  readonly max?: Duration | undefined;
}

/** More channels, for an alert that lasts. */
export interface EscalationStep<ChannelName extends string = string> {
  /** Longer than 0. */
  readonly after: Duration;
  /** Left out: also when somebody took charge. */
  readonly unless?: 'acknowledged' | undefined;
  readonly to: readonly ChannelName[];
}

/** A {@link Route} as the inside uses it: checked, in milliseconds, defaults filled in. */
export interface RouteSettings {
  /** The same for the same route in every replica; another when anything about it was changed. */
  readonly id: string;
  readonly match: AlertMatch;
  readonly to: readonly string[];
  /** Undefined: each alert by itself. */
  readonly groupBy: readonly string[] | undefined;
  readonly waitMs: number;
  readonly intervalMs: number;
  /** Undefined: never. */
  readonly repeat: RepeatSettings | undefined;
  readonly escalate: readonly EscalationSettings[];
  readonly mutes: readonly MuteSettings[];
  readonly sendsResolved: boolean;
}

/** A {@link RepeatBackoff} in milliseconds. */
export interface RepeatSettings {
  readonly firstMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

/** An {@link EscalationStep} in milliseconds. */
interface EscalationSettings {
  readonly afterMs: number;
  readonly isUnlessAcknowledged: boolean;
  readonly to: readonly string[];
}
