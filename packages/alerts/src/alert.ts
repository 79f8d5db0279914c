/** How bad it is, mildest first. */
export const SEVERITIES: readonly ['low', 'medium', 'high', 'critical'] = [
  'low',
  'medium',
  'high',
  'critical',
];

/** How bad an alert is: `low` < `medium` < `high` < `critical`. */
export type Severity = (typeof SEVERITIES)[number];

/**
 * Where a rule stands. `recovering` is still an alert: its condition has cleared, but not yet for
 * as long as the rule's `keepFiringFor`.
 */
export type AlertState = 'ok' | 'firing' | 'recovering';

/** One kind of error among the latest ones, fit to be shown: secrets removed, ids and numbers as `#`. */
export interface ErrorSample {
  /** At most 200 characters, one line. */
  readonly message: string;
  /** How many of the last 64 errors were of this kind. */
  readonly count: number;
  readonly route?: string;
  readonly integration?: string;
}

/** A snapshot of one alert: everything from a rule's crossing until it is resolved. Frozen. */
export interface Alert<RuleName extends string = string> {
  /** The same from firing to resolved; another for the rule's next alert. */
  readonly id: string;
  readonly rule: RuleName;
  readonly service: string;
  readonly environment: string;
  /** `ok` once resolved. */
  readonly state: AlertState;
  /** The worst that was reached; it does not fall before the alert is resolved. */
  readonly severity: Severity;
  /** Counts the rule's alerts in this process, from 1. */
  readonly epoch: number;
  /** By the wall clock. */
  readonly startedAt: Date;
  /**
   * Null while it lasts. The start plus a measured time, so a wall clock that was set back cannot
   * put the end before the start.
   */
  readonly endedAt: Date | null;
  /** Why, with the numbers: `142 errors in the last 1h, over 100 (high over 200)`. */
  readonly reason: string;
  /** At most 5, most frequent first. */
  readonly samples: readonly ErrorSample[];
}
