import type { Severity } from './alert.ts';

/** One value or a list of which any will do. */
export type OneOrMore<T extends string> = T | readonly T[];

/** Which alerts: all that are given must match. Empty: every alert. */
export interface AlertMatch<RuleName extends string = string> {
  readonly rule?: OneOrMore<RuleName> | undefined;
  readonly severity?: OneOrMore<Severity> | undefined;
  /** Labels of the alert: `{ integration: ['shopify', 'wave'] }`. */
  readonly labels?: Readonly<Record<string, OneOrMore<string>>> | undefined;
}

/** Nobody is told of the alerts that match, for a time. Their state goes on. Plain JSON. */
export interface Silence {
  readonly id: string;
  readonly match: AlertMatch;
  /** ISO 8601, by the store's clock. */
  readonly startsAt: string;
  readonly endsAt: string;
  readonly by: string;
  readonly reason: string;
}
