import type { Severity } from '../alert.ts';
import { formatDuration } from '../format-duration.ts';
import type { Verdict } from '../rule.ts';
import { countWithin, type Memory, nthLatest, type RecentTimes } from './recent-times.ts';
import {
  defaultClearBelow,
  type SeverityLadder,
  type SeverityStep,
  stepsOf,
} from './severity-ladder.ts';

/** More than so many within a window, counted exactly. */
export interface OverThreshold extends Memory {
  /** Mildest first; fires at more than the first one's `over`. */
  readonly steps: readonly SeverityStep[];
  readonly clearBelow: number;
  /** What is counted: one, and several. */
  readonly nouns: readonly [string, string];
}

/**
 * More than N came within the window exactly when the (N+1)-th latest is still inside, so only as
 * many times are kept: one to be more than the highest threshold, and one more so that the crossing
 * itself shows as an exact number.
 */
export function overThreshold(
  options: {
    readonly over: number;
    readonly withinMs: number;
    readonly clearBelow?: number | undefined;
    readonly severity: Severity | SeverityLadder;
  },
  nouns: readonly [string, string],
): OverThreshold {
  const { over, withinMs, severity } = options;
  const steps = stepsOf(severity, over);
  return {
    steps,
    clearBelow: options.clearBelow ?? defaultClearBelow(over),
    withinMs,
    capacity: Math.max(...steps.map((step) => step.over)) + 2,
    nouns,
  };
}

export function judgeOver(times: RecentTimes, nowMs: number, threshold: OverThreshold): Verdict {
  const { steps, clearBelow, withinMs, capacity, nouns } = threshold;
  const value = countWithin(times, withinMs, nowMs, capacity);
  const found =
    `${value === capacity ? 'at least ' : ''}${value} ${value === 1 ? nouns[0] : nouns[1]}` +
    ` in the last ${formatDuration(withinMs)}`;
  const over = steps[0]?.over ?? 0;
  if (value < clearBelow) {
    const why = `${found}, below ${clearBelow}`;
    return { status: 'clear', value, limit: clearBelow, why, nextMs: undefined };
  }
  // The count falls below N when the N-th latest leaves the window.
  const belowMs = (rank: number): number => (nthLatest(times, rank) ?? nowMs) + withinMs;
  const step = steps.findLast((one) => value > one.over);
  if (step === undefined) {
    const why = `${found}, not over ${over} but not below ${clearBelow}`;
    return { status: 'holding', value, limit: over, why, nextMs: belowMs(clearBelow) };
  }
  const { severity, over: limit } = step;
  const next = steps[steps.indexOf(step) + 1];
  const why = `${found}, over ${limit}${next ? ` (${next.severity} over ${next.over})` : ''}`;
  return { status: 'breach', severity, value, limit, why, nextMs: belowMs(over + 1) };
}
