import type { Clock, Timer } from '@ops/timeout';
import type { Alert } from './alert.ts';
import type { Channel } from './channel.ts';
import { type ChannelSender, createChannelSender } from './channel-sender.ts';
import { createEmit, type Emit } from './events.ts';
import type { Message } from './message.ts';
import {
  type AlertsOptions,
  type AlertsSettings,
  type CloseOptions,
  parseAlertsOptions,
  parseCloseOptions,
} from './options.ts';
import { createRecentErrors, type RecentErrors } from './recent-errors.ts';
import { routeFor } from './routing.ts';
import type { Rule } from './rule.ts';
import { createRuleTracker, type Occurrence, type RuleTracker, type Step } from './rule-tracker.ts';
import { steadyTime } from './steady-time.ts';

/** What an error had to do with; shown, cleaned, with the samples of an alert. */
export interface ErrorLabels {
  /** Where in the app: `/pay`. */
  readonly route?: string | undefined;
  /** Which other system it was about: `shopify`. */
  readonly integration?: string | undefined;
}

/** What became of the messages that were queued when {@link Alerts.close} was called. */
export interface CloseReport {
  readonly deliveredCount: number;
  /** Not delivered, as far as this side knows. */
  readonly undelivered: readonly { readonly channel: string; readonly message: Message }[];
}

/** Watches errors, and tells people. */
export interface Alerts<RuleName extends string = string> extends AsyncDisposable {
  /**
   * Counts an error. Synchronous, and never throws whatever it is given: an alert that it causes is
   * queued before it returns and sent right after the current turn. Only `name` and `message` of the
   * error are looked at, at most 1,000 characters. Does nothing after {@link Alerts.close}.
   */
  error(error: unknown, labels?: ErrorLabels): void;
  /** The alerts that have not been resolved, as of now, in the order of `rules`. */
  active(): readonly Alert<RuleName>[];
  /**
   * Stops watching, then goes on delivering for at most `drain`. Alerts that are firing stay as they
   * are: the end of a process resolves nothing. Never rejects because of a channel. A second call
   * gives the first one's result. Also `await using`.
   *
   * @throws InvalidOptionsError (as a rejection) on a wrong option, before anything is stopped.
   */
  close(options?: CloseOptions): Promise<CloseReport>;
}

/**
 * Starts watching. Nothing is kept outside this process: a restart starts from zero errors and no
 * alert. While an alert lasts there is one timer for its rule, and while a message waits one for its
 * channel; they do not keep the process alive, an attempt to send and `close()` do.
 *
 * @throws InvalidOptionsError naming every wrong option, unknown names in routes and routes that no
 * alert can reach included.
 */
export function createAlerts<
  const Channels extends Readonly<Record<string, Channel>>,
  const Rules extends Readonly<Record<string, Rule>>,
>(options: AlertsOptions<Channels, Rules>): Alerts<keyof Rules & string> {
  const settings = parseAlertsOptions(options);
  const { clock } = settings;
  const emit = createEmit(settings.onEvent, settings.logger);
  const time = steadyTime(clock, (error) => emit({ type: 'fault', error }));
  const recentErrors = createRecentErrors();
  const senders = createSenders(settings, time, emit);
  const trackers = createTrackers(settings, time, emit, senders, recentErrors);
  let closing: Promise<CloseReport> | undefined;

  function attempt(work: () => void): void {
    try {
      work();
    } catch (fault) {
      emit({ type: 'fault', error: fault });
    }
  }

  const alerts: Alerts = {
    error(error, labels) {
      if (closing) return;
      // Each by itself: no rule goes without the error because another broke.
      attempt(() => recentErrors.add(error, labels, time()));
      for (const tracker of trackers.values()) attempt(() => tracker.record(time()));
    },
    active() {
      const nowMs = time();
      return [...trackers].flatMap(([rule, tracker]) => {
        const occurrence = tracker.current(nowMs);
        return occurrence ? [snapshot(settings, rule, occurrence)] : [];
      });
    },
    async close(closeOptions = {}) {
      const { drainMs, signal } = parseCloseOptions(closeOptions);
      return (closing ??= stopAll(trackers, senders, { drainMs, signal, clock, time }));
    },
    async [Symbol.asyncDispose]() {
      await alerts.close();
    },
  };
  return alerts;
}

type Senders = ReadonlyMap<string, ChannelSender>;
type Trackers = ReadonlyMap<string, RuleTracker>;

function createSenders(settings: AlertsSettings, time: () => number, emit: Emit): Senders {
  const { channels, delivery, clock, random, fetch } = settings;
  const shared = { settings: delivery, clock, time, random, fetch, emit };
  return new Map(
    Object.entries(channels).map(([name, channel]) => [
      name,
      createChannelSender({ name, channel, ...shared }),
    ]),
  );
}

function createTrackers(
  settings: AlertsSettings,
  time: () => number,
  emit: Emit,
  senders: Senders,
  recentErrors: RecentErrors,
): Trackers {
  const { rules, clock } = settings;
  return new Map(
    Object.entries(rules).map(([name, rule]) => {
      const tracker = createRuleTracker({
        rule,
        clock,
        time,
        samples: (sinceMs) => recentErrors.samples(sinceMs),
        onStep: (step) => notify(settings, name, step, senders, emit),
        onFault: (error) => emit({ type: 'fault', error }),
      });
      return [name, tracker];
    }),
  );
}

/** Tells of one step in the life of an alert, and whoever its route names. */
function notify(
  settings: AlertsSettings,
  rule: string,
  { from, occurrence }: Step,
  senders: Senders,
  emit: Emit,
): void {
  const alert = snapshot(settings, rule, occurrence);
  const { state, severity } = alert;
  if (state !== from.state) emit({ type: 'transition', alert, from: from.state, to: state });
  if (state === 'ok') {
    for (const sender of senders.values()) sender.sendResolved(alert);
    return;
  }
  if (severity === from.severity) return;
  if (from.severity !== undefined) {
    emit({ type: 'escalation', alert, from: from.severity, to: severity });
  }
  const route = routeFor(settings.routes, rule, severity);
  if (route === undefined) emit({ type: 'unrouted', alert });
  for (const channel of route?.to ?? []) senders.get(channel)?.sendFiring(alert);
}

function snapshot(settings: AlertsSettings, rule: string, occurrence: Occurrence): Alert {
  const { service, environment } = settings;
  const { id, epoch, state, severity, startedAt, endedAt, reason, samples } = occurrence;
  return Object.freeze({
    id,
    rule,
    service,
    environment,
    state,
    severity,
    epoch,
    startedAt: new Date(startedAt),
    endedAt: endedAt === null ? null : new Date(endedAt),
    reason,
    samples,
  });
}

interface StopContext {
  readonly drainMs: number;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
  readonly time: () => number;
}

async function stopAll(
  trackers: Trackers,
  senders: Senders,
  { drainMs, signal, clock, time }: StopContext,
): Promise<CloseReport> {
  // Whoever is told of a step that is still made may call close() in turn: `closing` is set by then.
  await Promise.resolve();
  const countDelivered = (): number =>
    [...senders.values()].reduce((count, sender) => count + sender.deliveredCount, 0);
  const deliveredBefore = countDelivered();
  const nowMs = time();
  for (const tracker of trackers.values()) tracker.stop(nowMs);
  if (drainMs > 0) {
    const deadlineMs = nowMs + drainMs;
    const drained = Promise.all([...senders.values()].map((sender) => sender.drain(deadlineMs)));
    await endedWithin(drained, drainMs, clock, signal);
  }
  const undelivered = [...senders].flatMap(([channel, sender]) =>
    sender.stop().map((message) => ({ channel, message })),
  );
  return { deliveredCount: countDelivered() - deliveredBefore, undelivered };
}

/** Resolves when `work` has, when the time is up, or when `signal` is aborted. */
function endedWithin(
  work: Promise<unknown>,
  ms: number,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve) => {
    let timer: Timer | undefined;
    const end = (): void => {
      if (timer !== undefined) clock.clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    if (signal?.aborted) return resolve();
    // Not unref'd: whoever closes wants to wait for the outcome.
    timer = clock.setTimeout(end, ms);
    signal?.addEventListener('abort', end, { once: true });
    void work.then(end);
  });
}
