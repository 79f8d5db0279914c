import { SEVERITIES, type Severity } from '../alert.ts';
import { redactSecrets } from '../redact.ts';
import type { AlertMatch } from '../silence.ts';
import { kindsOf, matchesKind } from './alert-kind.ts';
import { inhibitionProblems } from './inhibition-problems.ts';
import { accepts, canonicalMatch } from './match.ts';
import { coversWeek, spansOf } from './mute-spans.ts';
import type { MuteWindow } from './mute-window.ts';
import type { NotifyOptions } from './notify-settings.ts';

/** An option that is right by itself and wrong beside the others. */
export interface NotifyProblem {
  readonly path: PropertyKey[];
  readonly message: string;
}

/**
 * For `superRefine`: names that do not exist, routes that no alert can reach, mute windows that never
 * end, inhibitions that can do nothing or that leave both sides untold.
 */
export function notifyProblems(options: NotifyOptions): readonly NotifyProblem[] {
  const { routes, inhibit = [], mute = [], rules } = options;
  const named = [
    ...routes.flatMap((_, index) => routeProblems(options, index)),
    ...muteProblems(mute, rules, ['mute']),
    ...inhibit.flatMap(({ source, target }, index) => [
      ...matchProblems(source, rules, ['inhibit', index, 'source']),
      ...matchProblems(target, rules, ['inhibit', index, 'target']),
    ]),
  ];
  // What follows from a wrong name would be told as well.
  if (named.length > 0) return named;
  return [...unreachableRoutes(options), ...inhibitionProblems(inhibit, kindsOf(rules))];
}

/**
 * What cannot match anything: names of rules that do not exist, severities that none of them gives.
 *
 * @param path of the match among the options.
 */
export function matchProblems(
  match: AlertMatch | undefined,
  rules: Readonly<Record<string, { readonly severities: readonly Severity[] }>>,
  path: readonly PropertyKey[],
): readonly NotifyProblem[] {
  if (match === undefined) return [];
  const unknown = [match.rule ?? []].flat().filter((rule) => !Object.hasOwn(rules, rule));
  if (unknown.length > 0) {
    return unknown.map((rule) => ({
      path: [...path, 'rule'],
      message: noSuch('rule', rule, rules),
    }));
  }
  if (kindsOf(rules).some((kind) => matchesKind(match, kind))) return [];
  const given = SEVERITIES.filter((severity) =>
    kindsOf(rules).some((kind) => kind.severity === severity && accepts(match.rule, kind.rule)),
  );
  const message = `no rule gives it, there is ${given.join(', ') || 'none'}`;
  return [{ path: [...path, 'severity'], message }];
}

function routeProblems(options: NotifyOptions, index: number): readonly NotifyProblem[] {
  const { routes, channels, rules } = options;
  const route = routes[index];
  if (route === undefined) return [];
  const path = ['routes', index];
  const heard = new Set<string>(route.to);
  return [
    ...channelProblems(route.to, channels, [...path, 'to']),
    ...(route.escalate ?? []).flatMap(({ to }, step) => {
      const problems = channelProblems(to, channels, [...path, 'escalate', step, 'to']);
      const isIdle = to.every((channel) => heard.has(channel));
      for (const channel of to) heard.add(channel);
      const message = 'all of them are told before; expected a channel that is not';
      return isIdle
        ? [...problems, { path: [...path, 'escalate', step, 'to'], message }]
        : problems;
    }),
    ...ruleProblems(route.match, rules, [...path, 'match']),
    ...muteProblems(route.mute ?? [], rules, [...path, 'mute']),
  ];
}

/** Of a route only wrong names: that no rule gives its severity is one way of being unreachable. */
function ruleProblems(
  match: AlertMatch | undefined,
  rules: NotifyOptions['rules'],
  path: readonly PropertyKey[],
): readonly NotifyProblem[] {
  return matchProblems(match?.rule === undefined ? undefined : { rule: match.rule }, rules, path);
}

function channelProblems(
  names: readonly string[],
  channels: NotifyOptions['channels'],
  path: readonly PropertyKey[],
): readonly NotifyProblem[] {
  return names.flatMap((name, index) =>
    Object.hasOwn(channels, name)
      ? []
      : [{ path: [...path, index], message: noSuch('channel', name, channels) }],
  );
}

function muteProblems(
  windows: readonly MuteWindow[],
  rules: NotifyOptions['rules'],
  path: readonly PropertyKey[],
): readonly NotifyProblem[] {
  return windows.flatMap((window, index) => {
    const like = windows.slice(0, index + 1).filter((other) => isAlike(window, other));
    const isEndless =
      coversWeek(like.flatMap(spansOf)) && !coversWeek(like.slice(0, -1).flatMap(spansOf));
    const message =
      like.length > 1
        ? 'with the windows before it the whole week is muted: nobody would ever be told'
        : 'the whole week is muted: nobody would ever be told; expected weekdays or times';
    return [
      ...matchProblems(window.match, rules, [...path, index, 'match']),
      ...(isEndless ? [{ path: [...path, index], message }] : []),
    ];
  });
}

function isAlike(one: MuteWindow, other: MuteWindow): boolean {
  return (
    canonicalMatch(one.match ?? {}) === canonicalMatch(other.match ?? {}) &&
    (one.timeZone ?? 'UTC') === (other.timeZone ?? 'UTC')
  );
}

/** A match with labels takes some of what it could, and leaves the rest to later routes. */
function unreachableRoutes({ routes, rules }: NotifyOptions): readonly NotifyProblem[] {
  const left = new Set(kindsOf(rules));
  const seen = new Set<string>();
  return routes.flatMap(({ match = {} }, index) => {
    const taken = [...left].filter((kind) => matchesKind(match, kind));
    const isRepeated = seen.has(canonicalMatch(match));
    seen.add(canonicalMatch(match));
    if (Object.keys(match.labels ?? {}).length === 0) for (const kind of taken) left.delete(kind);
    const message =
      'no alert can reach it: no rule gives what it matches, or the routes before it take everything';
    return taken.length === 0 || isRepeated ? [{ path: ['routes', index], message }] : [];
  });
}

function noSuch(what: string, got: string, known: object): string {
  const names = Object.keys(known).map((one) => `'${one}'`);
  return `no ${what} named '${redactSecrets(got).slice(0, 60)}', there is ${names.join(', ') || 'none'}`;
}
