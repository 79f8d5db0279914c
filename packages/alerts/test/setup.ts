import {
  type Alerts,
  type AlertsEvent,
  type Channel,
  createAlerts,
  type DeliveryOptions,
  type Logger,
  type Notification,
  type Route,
  type Rule,
  type Store,
  spike,
} from '../src/index.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';

/** A channel that keeps what it is given; `outcome` may throw, or never settle. */
export interface RecordingChannel extends Channel {
  readonly messages: Notification[];
  readonly signals: AbortSignal[];
  outcome: (message: Notification, signal: AbortSignal) => unknown;
}

export function recordingChannel(): RecordingChannel {
  const channel: RecordingChannel = {
    kind: 'recording',
    messages: [],
    signals: [],
    outcome: () => undefined,
    async send(payload, { signal }) {
      const message = payload as unknown as Notification;
      channel.messages.push(message);
      channel.signals.push(signal);
      await channel.outcome(message, signal);
    },
  };
  return channel;
}

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

export function recordingLogger(lines: LogLine[] = []): Logger & { readonly lines: LogLine[] } {
  const write = (level: LogLine['level']) => (fields: object, message: string) => {
    lines.push({ level, fields, message });
  };
  return { lines, info: write('info'), warn: write('warn'), error: write('error') };
}

export interface Setup {
  readonly alerts: Alerts;
  readonly clock: ManualClock;
  readonly events: AlertsEvent[];
  readonly ops: RecordingChannel;
  readonly other: RecordingChannel;
  readonly logger: ReturnType<typeof recordingLogger>;
  /** Reports this many errors. */
  fail(count: number, error?: unknown): void;
  eventsOf<Type extends AlertsEvent['type']>(type: Type): Extract<AlertsEvent, { type: Type }>[];
}

const ROUTES: readonly Route[] = [
  { match: { severity: ['high', 'critical'] }, to: ['ops', 'other'] },
  { to: ['ops'] },
];

/** Fires over 3 errors in 100 s, clears below 2, keeps firing for 10 s; high over 6. */
export function setUp(
  options: {
    readonly rules?: Readonly<Record<string, Rule>>;
    readonly delivery?: DeliveryOptions;
    readonly onEvent?: (event: AlertsEvent) => void;
    readonly random?: () => number;
    readonly store?: Store;
    readonly routes?: readonly Route[];
  } = {},
): Setup {
  const clock = createManualClock();
  const events: AlertsEvent[] = [];
  const ops = recordingChannel();
  const other = recordingChannel();
  const logger = recordingLogger();
  const channels: Readonly<Record<string, Channel>> = { ops, other };
  const alerts = createAlerts({
    service: 'billing',
    environment: 'test',
    channels,
    rules: options.rules ?? { errorSpike: burst() },
    routes: options.routes ?? (options.rules ? [{ to: ['ops'] }] : ROUTES),
    store: options.store,
    delivery: options.delivery,
    clock,
    random: options.random ?? (() => 0.5),
    logger,
    onEvent(event) {
      events.push(event);
      return options.onEvent?.(event);
    },
  });
  return {
    alerts,
    clock,
    events,
    ops,
    other,
    logger,
    fail(count, error = new Error('card declined')) {
      for (let index = 0; index < count; index += 1) alerts.error(error);
    },
    eventsOf: (type) => events.filter((event) => event.type === type) as never,
  };
}

export function burst(): Rule {
  return spike({
    over: 3,
    within: '100s',
    clearBelow: 2,
    keepFiringFor: '10s',
    severity: { medium: 3, high: 6 },
  });
}
