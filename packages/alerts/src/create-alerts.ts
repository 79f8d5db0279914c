import type {
  AcknowledgeOptions,
  Alerts,
  CloseReport,
  DeliveryReport,
  FlushOptions,
  HistoryOptions,
  ResolveOptions,
  SilenceOptions,
} from './alerts.ts';
import {
  parseAcknowledgeOptions,
  parseFlushOptions,
  parseHistoryOptions,
  parseResolveOptions,
  parseSilenceOptions,
} from './call-options.ts';
import { closeEngine } from './engine/close.ts';
import { createEngine, type Engine } from './engine/engine.ts';
import { createOperations } from './engine/operations.ts';
import { statusOf } from './engine/status.ts';
import { testChannel } from './engine/test-channel.ts';
import { AlertsClosedError } from './errors.ts';
import { createEmit } from './events.ts';
import {
  type AlertsOptions,
  type AlertsSettings,
  type Channels,
  parseAlertsOptions,
  parseCloseOptions,
  type Rules,
} from './options.ts';
import { recordEvent, recordHealth } from './sinks.ts';
import { watched } from './watch.ts';

/** The names of the rules that wait for beats. */
export type BeatNames<R extends Rules> = {
  [Name in keyof R & string]: R[Name]['kind'] extends 'heartbeat' ? Name : never;
}[keyof R & string];

/**
 * Starts watching. With a store that is shared it asks at once, and then once a second, what other
 * replicas did; in memory there is a timer only for what is due. No timer keeps the process alive; an
 * attempt to send, and `close()`, do.
 *
 * @throws InvalidOptionsError naming every wrong option, unknown names in routes and routes that no
 * alert can reach included.
 */
export function createAlerts<const C extends Channels, const R extends Rules>(
  options: AlertsOptions<C, R>,
): Alerts<keyof C & string, keyof R & string, BeatNames<R>> {
  const settings = parseAlertsOptions(options);
  const emit = createEmit(settings.onEvent, settings.logger);
  const engine = createEngine(settings, emit);
  const operations = createOperations(settings, engine.main, emit);
  const { front } = engine;
  let closing: Promise<CloseReport> | undefined;

  /** What the store would be asked when nobody is there any more. */
  function open(): void {
    if (closing) throw new AlertsClosedError();
  }

  const alerts: Alerts = {
    error: (error, labels) => front.error(error, labels),
    success: (labels) => front.outcome(true, undefined, labels),
    failure: (error, labels) => front.outcome(false, error, labels),
    watch: (integration, fn, labels) => watched(front, integration, fn, labels),
    beat: (rule) => front.beat(rule),
    async silence(silenceOptions: SilenceOptions) {
      const { match, forMs, by, reason } = parseSilenceOptions(silenceOptions, settings.rules);
      open();
      return operations.silence(match, forMs, by, reason);
    },
    async endSilence(id) {
      open();
      return operations.endSilence(id);
    },
    silences: () => engine.current.rounds.view.silences,
    async acknowledge(id, acknowledgeOptions: AcknowledgeOptions) {
      const { by, note } = parseAcknowledgeOptions(acknowledgeOptions);
      open();
      return operations.acknowledge(id, by, note);
    },
    async resolve(id, resolveOptions: ResolveOptions) {
      const { by } = parseResolveOptions(resolveOptions);
      open();
      return operations.resolve(id, by);
    },
    test: (channel): Promise<DeliveryReport> => testChannel(engine, settings, channel),
    active: () => engine.active(),
    async status() {
      open();
      return statusOf(engine, settings);
    },
    async history(historyOptions: HistoryOptions) {
      const { session } = engine.current;
      const query = parseHistoryOptions(historyOptions, settings.rules, session.now());
      open();
      return session.history(query);
    },
    async flush(flushOptions: FlushOptions = {}) {
      const { signal } = parseFlushOptions(flushOptions);
      open();
      front.drain();
      await flushed(engine, signal);
    },
    record: (event) => recordEvent(front, event),
    onHealthEvent: (event) => recordHealth(front, event),
    async close(closeOptions = {}) {
      const { drainMs, signal } = parseCloseOptions(closeOptions);
      return (closing ??= startClosing(engine, settings, drainMs, signal));
    },
    async [Symbol.asyncDispose]() {
      await alerts.close();
    },
  };
  return alerts;
}

async function startClosing(
  engine: Engine,
  { clock, channels }: AlertsSettings,
  drainMs: number,
  signal: AbortSignal | undefined,
): Promise<CloseReport> {
  engine.front.shut();
  // Whoever is told of a step that is still made may call close() in turn: it is known by then.
  await Promise.resolve();
  return closeEngine(engine, { drainMs, signal, clock, channels: Object.keys(channels) });
}

/** Rounds of one flush: each may find that other replicas were faster. */
const MAX_FLUSH_ROUNDS = 10;

async function flushed({ main }: Engine, signal: AbortSignal | undefined): Promise<void> {
  for (let count = 0; count < MAX_FLUSH_ROUNDS; count += 1) {
    await roundOf(main, signal);
    if (!main.rounds.isWaiting) return;
  }
}

function roundOf(main: Engine['main'], signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal?.reason);
    if (signal?.aborted === true) return abort();
    signal?.addEventListener('abort', abort, { once: true });
    const end = (): void => signal?.removeEventListener('abort', abort);
    main.loop.now().then(resolve, reject).finally(end);
  });
}
