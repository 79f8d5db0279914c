import { type Clock, type Duration, systemClock } from '@ops/timeout';
import {
  callable,
  durationMs,
  parseOptions,
  SAYS_ITSELF,
  type Shape,
  withMethods,
} from '@ops/timeout/options';
import * as z from 'zod';
import type { Channel } from './channel.ts';
import type { AlertsEvent } from './events.ts';
import type { FingerprintOption } from './fingerprint.ts';
import { isRule, isRuleName } from './is-rule.ts';
import { type Logger, safeLogger, silentLogger } from './logger.ts';
import type { Inhibition } from './notify/inhibition.ts';
import type { MuteWindow } from './notify/mute-window.ts';
import { inhibitionSchema, muteWindowSchema, routeSchema } from './notify/notify-options.ts';
import { notifyProblems } from './notify/notify-problems.ts';
import { type NotifySettings, notifySettingsOf } from './notify/notify-settings.ts';
import type { Route } from './notify/route.ts';
import { redactSecrets } from './redact.ts';
import type { Rule } from './rule.ts';
import { memoryStore } from './store/memory.ts';
import type { Store } from './store.ts';

/** Channels by the names that routes use. */
export type Channels = Readonly<Record<string, Channel>>;
/** Rules by the names that routes and messages use. */
export type Rules = Readonly<Record<string, Rule>>;

/** Options of `createAlerts()`. */
export interface AlertsOptions<C extends Channels = Channels, R extends Rules = Rules> {
  /** Name of the app, in every message. With `environment` it says whose state it is in the store. */
  readonly service: string;
  /** Such as `production`, in every message. */
  readonly environment: string;
  /** Where messages can go, each under a name for `routes`. */
  readonly channels: C;
  /** When to alert, each under a name for `routes` and messages: 1 to 60 letters, digits, `_`, `-` or `.`. */
  readonly rules: R;
  /** Which alert goes where: the first that matches. At least one. */
  readonly routes: readonly Route<keyof C & string, keyof R & string>[];
  /** Nobody is told of a `target` while a `source` fires. */
  readonly inhibit?: readonly Inhibition<keyof R & string>[] | undefined;
  /** When nobody is told of some alerts, week by week. */
  readonly mute?: readonly MuteWindow<keyof R & string>[] | undefined;
  /**
   * Where the state is. All processes with the same store, `service` and `environment` are replicas:
   * together they alert once.
   * @default memoryStore()
   */
  readonly store?: Store | undefined;
  /** Address of the view of alerts, sent along: `https:` or `http:`, no user name or password in it. */
  readonly url?: string | undefined;
  /**
   * Which errors are of one kind, for rules that tell them apart.
   * @default 'normalised'
   */
  readonly fingerprint?: FingerprintOption | undefined;
  /** Limits on sending. */
  readonly delivery?: DeliveryOptions | undefined;
  /** Is told everything that happens in this process. It may throw; that goes to `logger`. */
  readonly onEvent?: ((event: AlertsEvent<keyof C & string, keyof R & string>) => void) | undefined;
  /** Is told what went wrong. Default: silent. */
  readonly logger?: Logger | undefined;
  /** For channels that send by HTTP and have none of their own. Default: `globalThis.fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Default: the real time. Windows and waits use its `monotonic`, dates its `now`. */
  readonly clock?: Clock | undefined;
  /** From 0 to below 1, for the jitter of retries. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** Limits on sending, for each channel by itself. */
export interface DeliveryOptions {
  /**
   * Time for one attempt, at most 1 h. Its signal is then aborted and it counts as failed. A process
   * that dies while it sends holds up the channel for this and 30 s more.
   * @default '30s'
   */
  readonly sendTimeout?: Duration | undefined;
  /**
   * For how long a message is retried.
   * @default '24h'
   */
  readonly maxAge?: Duration | undefined;
}

/** Options of `close()`. */
export interface CloseOptions {
  /**
   * Time to go on delivering what waits, retries included. 0: nothing more is sent.
   * @default '5s'
   */
  readonly drain?: Duration | undefined;
  /** Aborting it ends the draining at once; `close` still resolves. */
  readonly signal?: AbortSignal | undefined;
}

/** Options as the inside uses them: checked, in milliseconds, defaults filled in. */
export interface AlertsSettings {
  readonly service: string;
  readonly environment: string;
  readonly channels: Channels;
  readonly rules: Rules;
  readonly notify: NotifySettings;
  readonly store: Store;
  readonly fingerprint: FingerprintOption | undefined;
  readonly delivery: DeliverySettings;
  readonly onEvent: ((event: AlertsEvent) => void) | undefined;
  readonly logger: Logger;
  readonly fetch: typeof globalThis.fetch | undefined;
  readonly clock: Clock;
  readonly random: () => number;
}

export interface DeliverySettings {
  readonly sendTimeoutMs: number;
  readonly maxAgeMs: number;
}

/** @throws InvalidOptionsError naming every wrong option and every unknown name. */
export function parseAlertsOptions(options: unknown): AlertsSettings {
  const parsed = parseOptions(alertsSchema, options, { of: 'createAlerts', redact: redactSecrets });
  const { delivery = {} } = parsed;
  return {
    service: parsed.service,
    environment: parsed.environment,
    channels: parsed.channels,
    rules: parsed.rules,
    notify: notifySettingsOf(parsed),
    store: parsed.store ?? memoryStore(),
    fingerprint: parsed.fingerprint,
    delivery: {
      sendTimeoutMs: delivery.sendTimeout ?? 30_000,
      maxAgeMs: delivery.maxAge ?? 24 * 3_600_000,
    },
    onEvent: parsed.onEvent,
    logger: safeLogger(parsed.logger ?? silentLogger),
    fetch: parsed.fetch,
    clock: bound(parsed.clock ?? systemClock),
    random: parsed.random ?? (() => Math.random()),
  };
}

/** @throws InvalidOptionsError naming every wrong option. */
export function parseCloseOptions(options: CloseOptions): {
  readonly drainMs: number;
  readonly signal: AbortSignal | undefined;
} {
  const { drain = 5_000, signal } = parseOptions(closeSchema, options, { of: 'close' });
  return { drainMs: drain, signal };
}

const closeSchema = z.strictObject({
  drain: durationMs().optional(),
  signal: withMethods<AbortSignal>('addEventListener', 'removeEventListener').optional(),
} satisfies Shape<CloseOptions>);

/** For passing on to those who call its functions by themselves. */
function bound(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimeout: (callback, delayMs) => clock.setTimeout(callback, delayMs),
    clearTimeout: (timer) => clock.clearTimeout(timer),
  };
}

interface ParsedDelivery {
  readonly sendTimeout?: number | undefined;
  readonly maxAge?: number | undefined;
}

const name = z
  .string({ error: 'expected a name' })
  .refine((value) => value.trim() !== '', { error: 'expected a name' });

const ruleName = z.string().refine(isRuleName, {
  error: 'expected names of 1 to 60 letters, digits, _, - or .',
});

const soundRule = z.custom<Rule>(isRule, {
  error:
    'expected a rule, such as spike({ … }): keyOf(), labelsOf(), init(), on(), evaluate(),' +
    ' severities, lengths of time and counts',
});

const fingerprint = z.custom<FingerprintOption>(
  (value) => value === 'normalised' || value === 'message' || typeof value === 'function',
  { error: "expected 'normalised', 'message' or a function" },
);

/** It is in every message, so it may neither hold a password nor run anything when it is followed. */
const viewUrl = z.string().refine(isViewUrl, {
  error:
    'expected an https: or http: address without user name and password, such as https://ops.example.com/alerts',
});

function isViewUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || url.protocol === 'http:';
}

const delivery: z.ZodType<ParsedDelivery, DeliveryOptions> = z.strictObject({
  sendTimeout: durationMs({ isMinExcluded: true, maxMs: 3_600_000 }).optional(),
  maxAge: durationMs({ maxMs: Number.MAX_SAFE_INTEGER }).optional(),
} satisfies Shape<DeliveryOptions>);

const alertsSchema = z
  .strictObject({
    service: name,
    environment: name,
    channels: z.record(z.string(), withMethods<Channel>('send')),
    rules: z.record(ruleName, soundRule),
    routes: z.array(routeSchema).min(1, { error: 'expected at least one route' }),
    inhibit: z.array(inhibitionSchema).optional(),
    mute: z.array(muteWindowSchema).optional(),
    store: withMethods<Store>('open').optional(),
    url: viewUrl.optional(),
    fingerprint: fingerprint.optional(),
    delivery: delivery.optional(),
    onEvent: callable<(event: AlertsEvent) => void>().optional(),
    logger: withMethods<Logger>('info', 'warn', 'error').optional(),
    fetch: callable<typeof globalThis.fetch>().optional(),
    clock: withMethods<Clock>('now', 'monotonic', 'setTimeout', 'clearTimeout').optional(),
    random: callable<() => number>().optional(),
  } satisfies Shape<AlertsOptions>)
  .superRefine((options, context) => {
    if (Object.keys(options.rules).length === 0) {
      const message = 'expected at least one rule';
      context.addIssue({ code: 'custom', path: ['rules'], message, params: SAYS_ITSELF });
    }
    for (const { path, message } of notifyProblems(options)) {
      context.addIssue({ code: 'custom', path, message, params: SAYS_ITSELF });
    }
  });
