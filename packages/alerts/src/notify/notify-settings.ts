import { toMilliseconds } from '@ops/timeout';
import type { Severity } from '../alert.ts';
import type { Inhibition, InhibitionSettings } from './inhibition.ts';
import { spansOf } from './mute-spans.ts';
import type { MuteSettings, MuteWindow } from './mute-window.ts';
import type { RepeatSettings, Route, RouteSettings } from './route.ts';
import { idOfRoute } from './routing.ts';

/** All that decides who is told what, and when. */
export interface NotifySettings {
  readonly routes: readonly RouteSettings[];
  readonly inhibitions: readonly InhibitionSettings[];
  readonly mutes: readonly MuteSettings[];
  /** `createAlerts({ channels })` as it is. */
  readonly channels: Readonly<Record<string, ChannelFacts>>;
  /** `createAlerts({ rules })` as it is. */
  readonly rules: Readonly<Record<string, RuleFacts>>;
  readonly service: string;
  readonly environment: string;
  /** Address of the view of alerts. */
  readonly url: string | null;
}

/** The part of a `Channel` that matters here. */
interface ChannelFacts {
  readonly acknowledges?: boolean | undefined;
}

/** The part of a `Rule` that matters here. */
interface RuleFacts {
  readonly announcesEnd: boolean;
  readonly severities: readonly Severity[];
}

/** Options that decide who is told, parsed. */
export interface NotifyOptions {
  readonly routes: readonly Route[];
  readonly inhibit?: readonly Inhibition[] | undefined;
  readonly mute?: readonly MuteWindow[] | undefined;
  readonly channels: Readonly<Record<string, ChannelFacts>>;
  readonly rules: Readonly<Record<string, RuleFacts>>;
  readonly service: string;
  readonly environment: string;
  readonly url?: string | undefined;
}

/** @param options in which `notifyProblems` finds none. */
export function notifySettingsOf(options: NotifyOptions): NotifySettings {
  const { routes, inhibit = [], mute = [], channels, rules, service, environment, url } = options;
  return {
    routes: routes.map(routeSettings),
    inhibitions: inhibit.map(({ source, target, equal = [] }) => ({ source, target, equal })),
    mutes: mute.map(muteSettings),
    channels,
    rules,
    service,
    environment,
    url: url ?? null,
  };
}

function routeSettings(route: Route): RouteSettings {
  const { match = {}, to, groupBy, wait = 0, escalate = [], mute = [] } = route;
  const waitMs = toMilliseconds(wait);
  return {
    id: idOfRoute({ match, groupBy }),
    match,
    to,
    groupBy,
    waitMs,
    intervalMs: route.interval === undefined ? waitMs : toMilliseconds(route.interval),
    repeat: repeatSettings(route.repeat),
    escalate: escalate.map((step) => ({
      afterMs: toMilliseconds(step.after),
      isUnlessAcknowledged: step.unless === 'acknowledged',
      to: step.to,
    })),
    mutes: mute.map(muteSettings),
    sendsResolved: route.sendResolved ?? true,
  };
}

const DEFAULT_REPEAT = { first: '1h', factor: 2, max: '24h' } as const;

function repeatSettings(repeat: Route['repeat'] = DEFAULT_REPEAT): RepeatSettings | undefined {
  if (repeat === false) return undefined;
  if (typeof repeat !== 'object') {
    const pauseMs = toMilliseconds(repeat);
    return { firstMs: pauseMs, factor: 1, maxMs: pauseMs };
  }
  const firstMs = toMilliseconds(repeat.first);
  const maxMs =
    repeat.max === undefined ? Math.max(firstMs, 86_400_000) : toMilliseconds(repeat.max);
  return { firstMs, factor: repeat.factor ?? 2, maxMs };
}

function muteSettings(window: MuteWindow): MuteSettings {
  return { match: window.match ?? {}, spans: spansOf(window), timeZone: window.timeZone ?? 'UTC' };
}
