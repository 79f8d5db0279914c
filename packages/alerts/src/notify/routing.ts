import { createHash } from 'node:crypto';
import { type Alert, isWorse, SEVERITIES } from '../alert.ts';
import { canonicalMatch, factOf, matches } from './match.ts';
import type { NotifySettings } from './notify-settings.ts';
import type { RouteSettings } from './route.ts';

/** The first route that matches; undefined: nobody is told. */
export function routeOf(settings: NotifySettings, alert: Alert): RouteSettings | undefined {
  return settings.routes.find(({ match }) => matches(match, alert));
}

/**
 * Key of the document of the group that the alert belongs to under this route:
 * `g:<routeId>/["shopify"]`, or `g:<routeId>/<id of the alert>` where each is by itself.
 */
export function groupKeyOf(route: RouteSettings, alert: Alert): string {
  const { groupBy } = route;
  if (groupBy === undefined) return `g:${route.id}/${alert.id}`;
  // As JSON: a label may hold any separator, half a character, or a NUL, which PostgreSQL refuses.
  const values = JSON.stringify(groupBy.map((name) => factOf(alert, name) ?? null));
  // A key is part of an index, whose entries PostgreSQL limits to 2.7 kB.
  return `g:${route.id}/${values.length <= 400 ? values : `${values.slice(0, 300)}…${hashOf(values)}`}`;
}

/** What the alerts of the group have in common. */
export function groupLabelsOf(
  route: RouteSettings,
  alert: Alert,
): Readonly<Record<string, string>> {
  if (route.groupBy === undefined) return { rule: alert.rule, ...alert.labels };
  return Object.fromEntries(
    route.groupBy.flatMap((name) => {
      const value = factOf(alert, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/**
 * Keys of every group that may hold the alert, that of its present route first: besides it, those of
 * the routes that took it at a milder severity, since each goes on telling its channels. At most 4.
 */
export function groupKeysOf(settings: NotifySettings, alert: Alert): readonly string[] {
  const keys = SEVERITIES.filter((severity) => !isWorse(severity, alert.severity))
    .toReversed()
    .flatMap((severity) => homeKeyOf(settings, { ...alert, severity }) ?? []);
  return [...new Set(keys)];
}

/** Key of the group that the alert belongs to now; undefined where no route takes it. */
export function homeKeyOf(settings: NotifySettings, alert: Alert): string | undefined {
  const route = routeOf(settings, alert);
  return route && groupKeyOf(route, alert);
}

/** The id of the route in a key made by {@link groupKeyOf}. */
export function routeIdOf(groupKey: string): string {
  return groupKey.slice('g:'.length, groupKey.indexOf('/'));
}

/**
 * Made of what decides who is a member, and of nothing else: a new version of the app that repeats
 * less often, or tells one more channel, takes over the groups of the old one.
 */
export function idOfRoute({ match, groupBy }: Pick<RouteSettings, 'match' | 'groupBy'>): string {
  return hashOf(JSON.stringify([canonicalMatch(match), groupBy ?? null]));
}

/** 48 bits. */
function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 8);
}
