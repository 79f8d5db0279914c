import type { Duration } from '@ops/timeout';
import type { Acknowledgement, Alert, SeriesState } from './alert.ts';
import type { MessageSummary } from './events.ts';
import type { CloseOptions } from './options.ts';
import type { AlertMatch, Silence } from './silence.ts';
import type { HealthTransition, RecordedEvent } from './sinks.ts';

/** What an event had to do with: `route` and `integration`, and any other text. At most 8, each at most 100 characters. */
export interface EventLabels {
  /** Where in the app: `/pay`. */
  readonly route?: string | undefined;
  /** Which other system it was about: `shopify`. */
  readonly integration?: string | undefined;
  readonly [label: string]: string | undefined;
}

/** Watches events, and tells people. */
export interface Alerts<
  ChannelName extends string = string,
  RuleName extends string = string,
  BeatName extends string = string,
> extends AsyncDisposable {
  /**
   * Counts an error. Synchronous, takes microseconds, and never throws whatever it is given. Only `name`
   * and `message` of the error are looked at, at most 1,000 characters. An alert that it causes is
   * stored and sent after the current turn. Does nothing after {@link Alerts.close}.
   */
  error(error: unknown, labels?: EventLabels): void;
  /** Counts a call that went well. */
  success(labels: EventLabels): void;
  /** Counts a call that failed. An `error()` with the same error object and integration is not a second failure. */
  failure(error: unknown, labels: EventLabels): void;
  /**
   * The same function, whose calls are counted: `this`, arguments, result, throw and rejection pass
   * through. A call whose own signal (an argument, or its property `signal`) was aborted counts as
   * neither.
   */
  watch<F extends (...args: never[]) => unknown>(
    integration: string,
    fn: F,
    labels?: EventLabels,
  ): F;
  /** Says that what the heartbeat rule waits for has happened. */
  beat(rule: BeatName): void;
  /**
   * Nobody is told of the alerts that match until it ends, on no replica; what still fires then is told.
   * Their state goes on, and ends are told where the beginning was.
   *
   * @throws InvalidOptionsError (as a rejection).
   */
  silence(options: SilenceOptions<RuleName>): Promise<Silence>;
  /** Ends it now. False when there is no such silence, or it has ended. */
  endSilence(id: string): Promise<boolean>;
  /** Those that have not ended, as last known. */
  silences(): readonly Silence[];
  /**
   * Somebody takes charge: it is not repeated any more, nor escalated `unless: 'acknowledged'`.
   *
   * @throws AlertNotFoundError when there is no such alert, or it has ended.
   */
  acknowledge(id: string, options: AcknowledgeOptions): Promise<Alert<RuleName>>;
  /**
   * Ends it by hand. It does not fire again before its condition has cleared once, or got worse.
   *
   * @throws AlertNotFoundError when there is no such alert, or it has ended.
   */
  resolve(id: string, options: ResolveOptions): Promise<Alert<RuleName>>;
  /**
   * Sends one message by this channel, now, past the store, silences and rate, and says how that went.
   *
   * @throws InvalidOptionsError (as a rejection) when there is no such channel.
   */
  test(channel: ChannelName): Promise<DeliveryReport>;
  /** The alerts that have not ended, of all replicas, worst first, as last known: see `flush`. */
  active(): readonly Alert<RuleName>[];
  /** Where every series stands and why, and how sending goes. Rejects when the store cannot be reached at all. */
  status(): Promise<AlertsStatus>;
  /** Alerts that lasted or began in a time, the latest first. */
  history(query: HistoryOptions<RuleName>): Promise<readonly Alert<RuleName>[]>;
  /**
   * Stores what was reported, does what is due, and reads what others did, now: for programs that end
   * soon. Rejects when the store cannot be reached; nothing is lost then.
   */
  flush(options?: FlushOptions): Promise<void>;
  /** Takes an event of `@ops/telemetry` (or of that shape): one that is called `error` counts as an error. */
  record(event: RecordedEvent): void;
  /** Takes an event of `@ops/health` (or of that shape): a check that fails is a failure of an integration. */
  onHealthEvent(event: HealthTransition): void;
  /**
   * Stops watching, stores what was reported, and goes on delivering for at most `drain`. Alerts that
   * are firing stay as they are: the end of a process resolves nothing. Never rejects because of a
   * channel or a store. A second call gives the first one's result. Also `await using`.
   *
   * @throws InvalidOptionsError (as a rejection) on a wrong option, before anything is stopped.
   */
  close(options?: CloseOptions): Promise<CloseReport>;
}

/** Options of `silence()`. */
export interface SilenceOptions<RuleName extends string = string> {
  /** All that are given must match. Empty: every alert. */
  readonly match: AlertMatch<RuleName>;
  /** How long, from now on; at most a year. */
  readonly for: Duration;
  /** Who wants it. */
  readonly by: string;
  readonly reason: string;
}

/** Options of `acknowledge()`. */
export interface AcknowledgeOptions {
  /** Who takes charge. */
  readonly by: Acknowledgement['by'];
  readonly note?: string | undefined;
}

/** Options of `resolve()`. */
export interface ResolveOptions {
  /** Who ends it. */
  readonly by: string;
}

/** Options of `flush()`. */
export interface FlushOptions {
  /** Aborting it rejects with its reason; the round that is under way goes on. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `history()`. */
export interface HistoryOptions<RuleName extends string = string> {
  /** Alerts that ended after this, or last: a moment, or how long ago. */
  readonly since: Date | Duration;
  /** Alerts that began before this. Default: now. */
  readonly until?: Date | Duration | undefined;
  readonly rule?: RuleName | undefined;
  /** 1 to 1,000. @default 100 */
  readonly limit?: number | undefined;
}

/** How a test message went. */
export interface DeliveryReport {
  readonly channel: string;
  readonly isDelivered: boolean;
  readonly durationMs: number;
  /** Why not, free of secrets. */
  readonly error?: string | undefined;
}

/** What became of the messages that waited when {@link Alerts.close} was called. */
export interface CloseReport {
  /** Since the call. */
  readonly deliveredCount: number;
  /**
   * What waits still, at most 1,000 a channel. In a database it is kept, and other processes or the
   * next start deliver it; in memory it is lost.
   */
  readonly undelivered: readonly UndeliveredMessage[];
}

/** A message that waits for its channel. */
export interface UndeliveredMessage extends MessageSummary {
  readonly channel: string;
}

/** What {@link Alerts.status} tells. Plain JSON. */
export interface AlertsStatus {
  readonly service: string;
  readonly environment: string;
  /** `memory`, `postgres`. */
  readonly store: string;
  /** The store cannot be reached; all this is what this process knows. */
  readonly isDegraded: boolean;
  /** At most 1,000, by rule and key. A rule in which nothing has happened yet is there too. */
  readonly series: readonly SeriesStatus[];
  readonly channels: readonly ChannelStatus[];
}

/** One series of a rule. */
export interface SeriesStatus {
  readonly rule: string;
  readonly key: string | null;
  readonly state: SeriesState;
  /** The verdict as of now, in a sentence with the numbers. */
  readonly why: string;
  readonly value: number | null;
  readonly limit: number | null;
}

/** How sending by a channel goes. */
export interface ChannelStatus {
  readonly channel: string;
  /** Messages that wait, of all replicas; counted up to 1,000. */
  readonly pendingCount: number;
  /** ISO 8601: it asked this process to be left alone until then. */
  readonly pausedUntil: string | null;
  /** It has refused a message of this process for good, and taken none since. */
  readonly isBroken: boolean;
}
