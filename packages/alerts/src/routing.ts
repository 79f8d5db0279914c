import type { Severity } from './alert.ts';
import type { Rule } from './rule.ts';

/** Which alerts go where. The first route that matches takes the alert. */
export interface Route<ChannelName extends string = string, RuleName extends string = string> {
  /** What it takes; both must match where both are given. Left out: everything. */
  readonly match?: RouteMatch<RuleName> | undefined;
  /** Names of channels, at least one. */
  readonly to: readonly ChannelName[];
}

/** One value or a list of which any will do. */
export interface RouteMatch<RuleName extends string = string> {
  readonly rule?: RuleName | readonly RuleName[] | undefined;
  readonly severity?: Severity | readonly Severity[] | undefined;
}

/** The route that takes alerts of this rule at this severity, or undefined. */
export function routeFor(
  routes: readonly Route[],
  rule: string,
  severity: Severity,
): Route | undefined {
  return routes.find(
    ({ match }) => includes(match?.rule, rule) && includes(match?.severity, severity),
  );
}

/** The routes that no alert can reach: nothing gives what they match, or earlier ones take it. */
export function unreachableRoutes(
  routes: readonly Route[],
  rules: Readonly<Record<string, Rule>>,
): readonly number[] {
  const reached = new Set<Route | undefined>();
  for (const [name, rule] of Object.entries(rules)) {
    for (const severity of rule.severities) reached.add(routeFor(routes, name, severity));
  }
  return routes.flatMap((route, index) => (reached.has(route) ? [] : [index]));
}

function includes<T>(wanted: T | readonly T[] | undefined, value: T): boolean {
  if (wanted === undefined) return true;
  return Array.isArray(wanted) ? wanted.includes(value) : wanted === value;
}
