import type { Severity } from './alert.ts';

/** An error, as rules see it. */
export interface RuleEvent {
  /** Milliseconds on the engine's own scale, which never goes back. */
  readonly atMs: number;
}

/** What a rule finds at one moment. */
export type Verdict = VerdictFacts &
  (
    | { readonly status: 'breach'; readonly severity: Severity }
    /** `holding`: not enough to fire, yet not clear either: a firing alert stays, none starts. */
    | { readonly status: 'holding' | 'clear' }
  );

interface VerdictFacts {
  /** What was measured; the least it can be where the rule stops counting. */
  readonly value: number;
  /** What `value` was held against. */
  readonly limit: number;
  /** A sentence with the numbers. */
  readonly why: string;
  /** When the status turns `clear` if nothing more happens; undefined when it is clear. */
  readonly clearsAtMs: number | undefined;
}

/**
 * Decides when to alert. A pure reducer: it keeps nothing itself, changes no argument, and its
 * state `S` is plain JSON, so a state may be stored, sent elsewhere and gone on with there.
 */
export interface Rule<S = unknown> {
  readonly kind: string;
  /** Every severity it can give, mildest first. */
  readonly severities: readonly Severity[];
  /** How long the verdict must stay `clear` before an alert is resolved. */
  readonly keepFiringForMs: number;
  /** How far back events matter. */
  readonly lookbackMs: number;
  init(): S;
  on(state: S, event: RuleEvent): S;
  evaluate(state: S, nowMs: number): Verdict;
}
