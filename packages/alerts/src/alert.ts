/** How bad it is, mildest first. */
export const SEVERITIES: readonly ['low', 'medium', 'high', 'critical'] = [
  'low',
  'medium',
  'high',
  'critical',
];

/** How bad an alert is: `low` < `medium` < `high` < `critical`. */
export type Severity = (typeof SEVERITIES)[number];

/** Whether `one` is worse than `other`. */
export function isWorse(one: Severity, other: Severity): boolean {
  return SEVERITIES.indexOf(one) > SEVERITIES.indexOf(other);
}

/**
 * Where a series of a rule stands. `pending`: its condition holds, but not yet for as long as the
 * rule's `for`. `recovering`: still an alert; its condition has cleared, but not yet for as long as
 * the rule's `keepFiringFor`. `no-data`: nothing can be said, which is not `ok`.
 */
export type SeriesState = 'ok' | 'no-data' | 'pending' | 'firing' | 'recovering';

/** Where an alert stands: `ok` once it is resolved. */
export type AlertState = 'firing' | 'recovering' | 'ok';

/** Facts about an event or alert by which it is filtered, grouped and inhibited. At most 8, each at most 100 characters. */
export type Labels = Readonly<Record<string, string>>;

/** One kind of error among the latest ones, fit to be shown: secrets removed, ids and numbers masked. */
export interface ErrorSample {
  /** At most 200 characters, one line. */
  readonly message: string;
  readonly count: number;
  readonly route?: string | undefined;
  readonly integration?: string | undefined;
}

/** Who took charge of an alert. */
export interface Acknowledgement {
  readonly by: string;
  /** ISO 8601. */
  readonly at: string;
  readonly note?: string | undefined;
}

/**
 * One alert: everything from a series' crossing until it is resolved. Plain JSON, the same in
 * `active()`, in messages, in the database and in the view. Times are ISO 8601, by the store's clock
 * (the database's, with `postgresStore`).
 */
export interface Alert<RuleName extends string = string> {
  /** The same from firing to resolved, in all replicas: `errorSpike-k3f9-12`. Another for the series' next alert. */
  readonly id: string;
  readonly rule: RuleName;
  /** Which series of the rule, where it has several: `shopify`. */
  readonly key: string | null;
  readonly service: string;
  readonly environment: string;
  /** `rule` and `severity` are matched by name; these are the others, such as `{ integration: 'shopify' }`. */
  readonly labels: Labels;
  readonly state: AlertState;
  /** The worst that was reached; it does not fall before the alert is resolved. */
  readonly severity: Severity;
  /** Counts the series' alerts, from 1. */
  readonly epoch: number;
  readonly startedAt: string;
  /** Null while it lasts. */
  readonly endedAt: string | null;
  /** Why, with the numbers: `142 errors in the last 1h, over 100 (high over 200)`. */
  readonly reason: string;
  /** What was measured when `reason` was written, and what it was held against; null where the rule has no number. */
  readonly value: number | null;
  readonly limit: number | null;
  /** At most 5, most frequent first. */
  readonly samples: readonly ErrorSample[];
  /** What to do about it: the rule's `runbook`. */
  readonly runbook: string | null;
  readonly acknowledged: Acknowledgement | null;
  /** True where it was found by one replica alone, while the store could not be reached. */
  readonly degraded: boolean;
}
