import type { Labels, Severity } from './alert.ts';

/** Something that happened, as rules see it: bounded, redacted, plain JSON. */
export type RuleEvent =
  /** `alerts.error()`. `fingerprint` is there when a rule `needsFingerprints`. */
  | (EventFacts & {
      readonly type: 'error';
      readonly fingerprint?: string | undefined;
      /** The error object was already counted as a failed `outcome` with this `integration`. */
      readonly isKnownFailure?: boolean | undefined;
    })
  /** A call watched by `alerts.watch()`, or `alerts.success()` and `alerts.failure()`. */
  | (EventFacts & { readonly type: 'outcome'; readonly isSuccess: boolean })
  /** `alerts.beat(rule)`. */
  | (EventFacts & { readonly type: 'beat'; readonly rule: string });

interface EventFacts {
  /** Milliseconds since 1970 by the store's clock; may come a little out of order from other replicas. */
  readonly atMs: number;
  /** How many of the same kind in that millisecond; at least 1. */
  readonly count: number;
  readonly labels: Labels;
}

/** What a rule finds at one moment. */
export type Verdict = VerdictFacts &
  (
    | { readonly status: 'breach'; readonly severity: Severity }
    /**
     * `holding`: not enough to fire, yet not clear either: a firing alert stays, none starts.
     * `no-data`: nothing can be said: a firing alert stays, none starts, and the series is not `ok`.
     */
    | { readonly status: 'holding' | 'clear' | 'no-data' }
  );

interface VerdictFacts {
  /** What was measured; the least it can be where the rule stops counting; null where there is no number. */
  readonly value: number | null;
  /** What `value` was held against. */
  readonly limit: number | null;
  /** A sentence with the numbers. */
  readonly why: string;
  /** When the verdict may change if nothing more happens; undefined when it cannot. Later than the moment asked about. */
  readonly nextMs: number | undefined;
}

/**
 * Decides when to alert. A pure reducer: it keeps nothing itself, changes no argument, reads no
 * clock, and its state `S` is plain JSON. So the same rule works in memory, in PostgreSQL, where
 * replicas take turns with one state, and in `simulate()`.
 *
 * A rule has one or more series, each with a state and alerts of its own.
 */
export interface Rule<S = unknown> {
  readonly kind: string;
  /** Every severity it can give, mildest first. */
  readonly severities: readonly Severity[];
  /** How long the verdict must stay `breach` before an alert fires. */
  readonly forMs: number;
  /** How long the verdict must stay `clear` before an alert is resolved. */
  readonly keepFiringForMs: number;
  /** False where an end is no news (first seen): nothing is sent when it is resolved. */
  readonly announcesEnd: boolean;
  /** How far back events matter; a series that was left alone for longer may be forgotten when `ok`. */
  readonly lookbackMs: number;
  /** Beyond it events are counted in the series `other`. 1 where there is but one series. */
  readonly maxSeriesCount: number;
  /** True when `keyOf` or `on` look at `fingerprint`. */
  readonly needsFingerprints: boolean;
  /** True when the series is there before its first event (a heartbeat, to miss the first beat). */
  readonly startsAlone: boolean;
  /** Sent along with its alerts. */
  readonly runbook: string | null;
  /**
   * Which series the event belongs to: `''` where there is but one, undefined when it is none of
   * this rule's business.
   *
   * @param rule the name the rule has in `createAlerts({ rules })`.
   */
  keyOf(event: RuleEvent, rule: string): string | undefined;
  /** The labels of the alerts of a series, besides those of all: `{ integration: 'shopify' }`. */
  labelsOf(key: string): Labels;
  init(atMs: number): S;
  /**
   * Whether the rule can go on from a stored state, which another version of the app may have
   * written; where not, it begins anew. Left out: it can go on from any.
   */
  isState?(state: unknown): boolean;
  on(state: S, event: RuleEvent): S;
  /** Called before `evaluate` whenever the series is looked at, for rules that must know that time has passed. */
  tick?(state: S, nowMs: number): S;
  evaluate(state: S, nowMs: number): Verdict;
}
