import { type Clock, type Duration, systemClock } from '@ops/timeout';
import { callable, durationMs, parseOptions, SAYS_ITSELF, withMethods } from '@ops/timeout/options';
import * as z from 'zod';
import { SEVERITIES, type Severity } from './alert.ts';
import type { Channel } from './channel.ts';
import type { AlertsEvent } from './events.ts';
import { type Logger, safeLogger, silentLogger } from './logger.ts';
import { redactSecrets } from './redact.ts';
import { type Route, unreachableRoutes } from './routing.ts';
import type { Rule } from './rule.ts';

/** Options of `createAlerts()`. */
export interface AlertsOptions<
  Channels extends Readonly<Record<string, Channel>> = Readonly<Record<string, Channel>>,
  Rules extends Readonly<Record<string, Rule>> = Readonly<Record<string, Rule>>,
> {
  /** Name of the app, in every message. */
  readonly service: string;
  /** Such as `production`, in every message. */
  readonly environment: string;
  /** Where messages can go, each under a name for `routes`. */
  readonly channels: Channels;
  /** When to alert, each under a name for `routes` and messages. */
  readonly rules: Rules;
  /** Which alert goes where: the first that matches. At least one. */
  readonly routes: readonly Route<keyof Channels & string, keyof Rules & string>[];
  /** Limits on sending. */
  readonly delivery?: DeliveryOptions | undefined;
  /** Is told everything that happens. It may throw; that goes to `logger`. */
  readonly onEvent?:
    | ((event: AlertsEvent<keyof Channels & string, keyof Rules & string>) => void)
    | undefined;
  /** Is told what went wrong in delivery. Default: silent. */
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
   * Time for one attempt, at most 1 h. Its signal is then aborted and it counts as failed.
   * @default '30s'
   */
  readonly sendTimeout?: Duration | undefined;
  /**
   * How many messages may wait. More are dropped and counted.
   * @default 1000
   */
  readonly maxPending?: number | undefined;
  /**
   * For how long a message is retried.
   * @default '24h'
   */
  readonly maxAge?: Duration | undefined;
}

/** Options of `close()`. */
export interface CloseOptions {
  /**
   * Time to go on delivering what is queued, retries included. 0: nothing more is sent.
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
  readonly channels: Readonly<Record<string, Channel>>;
  readonly rules: Readonly<Record<string, Rule>>;
  readonly routes: readonly Route[];
  readonly delivery: DeliverySettings;
  readonly onEvent: ((event: AlertsEvent) => void) | undefined;
  readonly logger: Logger;
  readonly fetch: typeof globalThis.fetch | undefined;
  readonly clock: Clock;
  readonly random: () => number;
}

export interface DeliverySettings {
  readonly sendTimeoutMs: number;
  readonly maxPendingCount: number;
  readonly maxAgeMs: number;
}

/** @throws InvalidOptionsError naming every wrong option and every unknown name. */
export function parseAlertsOptions(options: unknown): AlertsSettings {
  const parsed = parseOptions(alertsSchema, options, {
    of: 'createAlerts',
    redact: redactSecrets,
  });
  const { delivery = {} } = parsed;
  return {
    service: parsed.service,
    environment: parsed.environment,
    channels: parsed.channels,
    rules: parsed.rules,
    routes: parsed.routes,
    delivery: {
      sendTimeoutMs: delivery.sendTimeout ?? 30_000,
      maxPendingCount: delivery.maxPending ?? 1_000,
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
});

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
  readonly maxPending?: number | undefined;
  readonly maxAge?: number | undefined;
}

const name = z
  .string({ error: 'expected a name' })
  .refine((value) => value.trim() !== '', { error: 'expected a name' });

const soundRule = z.custom<Rule>(isRule, {
  error:
    'expected a rule, such as spike({ … }): init(), on(), evaluate(), severities,' +
    ' keepFiringForMs and lookbackMs',
});

const route = z.strictObject({
  match: z
    .strictObject({
      rule: oneOrMore(name, 'the name of a rule').optional(),
      severity: oneOrMore<Severity>(z.enum(SEVERITIES), SEVERITIES.join(', ')).optional(),
    })
    .optional(),
  to: z.array(name).min(1, { error: 'expected at least one channel' }),
});

const delivery = z.strictObject({
  sendTimeout: durationMs({ isMinExcluded: true, maxMs: 3_600_000 }).optional(),
  maxPending: z
    .int({ error: 'expected an integer' })
    .min(1, { error: 'expected at least 1' })
    .optional(),
  maxAge: durationMs({ maxMs: Number.MAX_SAFE_INTEGER }).optional(),
});

/** Exported for the test that holds it equal to {@link AlertsOptions}. */
export const alertsSchema: z.ZodObject<
  {
    service: z.ZodType<string, string>;
    environment: z.ZodType<string, string>;
    channels: z.ZodType<Record<string, Channel>, Readonly<Record<string, Channel>>>;
    rules: z.ZodType<Record<string, Rule>, Readonly<Record<string, Rule>>>;
    routes: z.ZodType<Route[], readonly Route[]>;
    delivery: z.ZodOptional<z.ZodType<ParsedDelivery, DeliveryOptions>>;
    onEvent: z.ZodOptional<z.ZodType<(event: AlertsEvent) => void, (event: AlertsEvent) => void>>;
    logger: z.ZodOptional<z.ZodType<Logger, Logger>>;
    fetch: z.ZodOptional<z.ZodType<typeof globalThis.fetch, typeof globalThis.fetch>>;
    clock: z.ZodOptional<z.ZodType<Clock, Clock>>;
    random: z.ZodOptional<z.ZodType<() => number, () => number>>;
  },
  z.core.$strict
> = z
  .strictObject({
    service: name,
    environment: name,
    channels: z.record(z.string(), withMethods<Channel>('send')),
    rules: z.record(z.string(), soundRule),
    routes: z.array(route).min(1, { error: 'expected at least one route' }),
    delivery: delivery.optional(),
    onEvent: callable<(event: AlertsEvent) => void>().optional(),
    logger: withMethods<Logger>('info', 'warn', 'error').optional(),
    fetch: callable<typeof globalThis.fetch>().optional(),
    clock: withMethods<Clock>('now', 'monotonic', 'setTimeout', 'clearTimeout').optional(),
    random: callable<() => number>().optional(),
  })
  .superRefine(({ channels, rules, routes }, context) => {
    const refuse = (path: PropertyKey[], message: string): void => {
      context.addIssue({ code: 'custom', path, message, params: SAYS_ITSELF });
    };
    if (Object.keys(rules).length === 0) refuse(['rules'], 'expected at least one rule');
    const unknown = [...unknownNames(routes, channels, rules)];
    for (const { path, message } of unknown) refuse(path, message);
    if (unknown.length > 0) return;
    for (const index of unreachableRoutes(routes, rules)) {
      refuse(
        ['routes', index],
        'no alert can reach it: no rule gives what it matches, or the routes before it take everything',
      );
    }
  });

interface NamedWrong {
  readonly path: PropertyKey[];
  readonly message: string;
}

function* unknownNames(
  routes: readonly Route[],
  channels: object,
  rules: object,
): Generator<NamedWrong> {
  for (const [index, { match, to }] of routes.entries()) {
    for (const [at, channel] of to.entries()) {
      const path = ['routes', index, 'to', at];
      if (!Object.hasOwn(channels, channel)) {
        yield { path, message: noSuch('channel', channel, channels) };
      } else if (to.indexOf(channel) < at) {
        yield { path, message: `channel '${channel}' is named twice` };
      }
    }
    for (const rule of [match?.rule ?? []].flat()) {
      if (Object.hasOwn(rules, rule)) continue;
      yield { path: ['routes', index, 'match', 'rule'], message: noSuch('rule', rule, rules) };
    }
  }
}

function noSuch(what: string, got: string, known: object): string {
  const names = Object.keys(known).map((one) => `'${one}'`);
  return `no ${what} named '${got.slice(0, 60)}', there is ${names.join(', ') || 'none'}`;
}

/** A rule of one's own that lacks a number would compare with NaN, and its alert never end. */
function isRule(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { init, on, evaluate, severities, keepFiringForMs, lookbackMs } = value as Partial<Rule>;
  return (
    [init, on, evaluate].every((method) => typeof method === 'function') &&
    Array.isArray(severities) &&
    severities.length > 0 &&
    severities.every((severity) => SEVERITIES.includes(severity)) &&
    [keepFiringForMs, lookbackMs].every((ms) => typeof ms === 'number' && ms >= 0)
  );
}

function oneOrMore<T extends string>(
  one: z.ZodType<T, T>,
  expected: string,
): z.ZodType<T | T[], T | readonly T[]> {
  const list = z.array(one).min(1);
  return z.union([one, list], { error: `expected ${expected}, or a list of them` }) as never;
}
