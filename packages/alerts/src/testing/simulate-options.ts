import type { Duration } from '@ops/timeout/check';
import type { Channel } from '../channel.ts';
import type { AlertsOptions, Channels, Rules } from '../options.ts';
import type { AlertMatch } from '../silence.ts';
import type { At, SimulatedEvent } from './simulate-events.ts';

/**
 * Options of `simulate()`: what happens, and as many of those of `createAlerts()` as say what is made
 * of it. What else `createAlerts()` takes (store, clock, logger, …) may be there and is not used.
 */
export interface SimulateOptions<C extends Channels = Channels, R extends Rules = Rules>
  extends Pick<
    AlertsOptions<C, R>,
    'rules' | 'routes' | 'inhibit' | 'mute' | 'fingerprint' | 'delivery' | 'url'
  > {
  /** @default 'service' */
  readonly service?: string | undefined;
  /** @default 'simulation' */
  readonly environment?: string | undefined;
  /**
   * None of them is sent anything: doubles that keep what they are given, and take it as fast
   * (`rate`), together (`digests`) and of the same kinds (`acknowledges`), stand for them. Default: one
   * without limits for each name in `routes`.
   */
  readonly channels?: C | undefined;
  /** In any order. */
  readonly events: readonly SimulatedEvent[];
  readonly silences?: readonly SimulatedSilence<keyof R & string>[] | undefined;
  readonly acknowledgements?: readonly SimulatedAcknowledgement<keyof R & string>[] | undefined;
  readonly outages?: readonly SimulatedOutage<keyof C & string>[] | undefined;
  /** What the wall clock shows at the beginning, for mute windows. @default 2026-01-01T00:00:00Z, a Thursday */
  readonly startsAt?: Date | undefined;
  /** How long to go on. @default 1 h after the last event */
  readonly for?: Duration | undefined;
}

/** `alerts.silence()` at a time. */
export interface SimulatedSilence<RuleName extends string = string> {
  readonly at: At;
  readonly match: AlertMatch<RuleName>;
  readonly for: Duration;
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
}

/** `alerts.acknowledge()` at a time, of the alert of this rule (and series) that lasts then. */
export interface SimulatedAcknowledgement<RuleName extends string = string> {
  readonly at: At;
  readonly rule: RuleName;
  readonly key?: string | undefined;
  readonly by?: string | undefined;
  readonly note?: string | undefined;
}

/** A channel that cannot be reached for a time: sending fails, and may be tried again. */
export interface SimulatedOutage<ChannelName extends string = string> {
  readonly at: At;
  readonly channel: ChannelName;
  readonly for: Duration;
}

/** The names of all channels: those given, or those that routes name. */
export function channelNames({ channels, routes }: SimulateOptions): readonly string[] {
  if (channels !== undefined) return Object.keys(channels);
  const named = routes.flatMap(({ to, escalate = [] }) => [
    ...to,
    ...escalate.flatMap((step) => step.to),
  ]);
  return [...new Set(named)];
}

/** Takes messages as the channel would, and hands them on. */
export function doubleOf(channel: Channel | undefined, send: Channel['send']): Channel {
  return {
    kind: channel?.kind ?? 'simulated',
    rate: channel?.rate,
    digests: channel?.digests,
    acknowledges: channel?.acknowledges,
    send,
  };
}
