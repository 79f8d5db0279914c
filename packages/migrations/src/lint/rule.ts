import type { Severity } from './finding.ts';

/** What is known about a rule without looking at a file. {@link explain} gives it. */
export interface Rule {
  /** Kebab case. The same id as in squawk where the rule is the same. */
  readonly id: string;
  /** `'off'`: reported only when the `rules` option switches it on. */
  readonly severity: Severity | 'off';
  /** What it looks for, in one line. */
  readonly summary: string;
  /** What happens to those who do it. */
  readonly why: string;
  /** The lock that is taken. Absent when no lock is the trouble. */
  readonly lock?: string | undefined;
  /** How to do the same safely, in words. */
  readonly rewrite: string;
  /** An example on which this rule, and no other, has something to say. */
  readonly bad: string;
  /** The same wish, said safely: no rule has anything to say. */
  readonly good: string;
  /** First major version of PostgreSQL for which the rule holds. Absent: all. */
  readonly fromVersion?: number | undefined;
  /** Last major version for which it holds. Absent: all. */
  readonly untilVersion?: number | undefined;
  /** Where the facts come from. */
  readonly url?: string | undefined;
}
