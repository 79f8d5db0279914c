import { parseOptions } from '@ops/timeout/options';
import { formatDuration } from './format-duration.ts';
import { addTime, countWithin, NO_TIMES, nthLatest, type RecentTimes } from './recent-times.ts';
import { redactSecrets } from './redact.ts';
import type { Rule, Verdict } from './rule.ts';
import { type SeverityStep, type SpikeOptions, spikeSchema, stepsOf } from './spike-options.ts';

/** State of a {@link spike} rule: the latest error times, two more than its highest threshold. */
export type SpikeState = RecentTimes;

/** A {@link spike} rule: state and verdicts are plain JSON. */
export type SpikeRule = Rule<SpikeState>;

/**
 * Alerts when errors come too often: more than `over` of them within any stretch of `within`.
 *
 * The count is exact, not by buckets: the rule remembers the times of as many of the latest errors
 * as its highest threshold asks for (8 bytes each), and more than N came within the window exactly
 * when the (N+1)-th latest is still inside. Beyond the highest threshold it says `at least`.
 *
 * @throws InvalidOptionsError naming every wrong option, also a threshold that could never clear
 * and a ladder that is out of order or does not start at `over`.
 */
export function spike(options: SpikeOptions): SpikeRule {
  const parsed = parseOptions(spikeSchema, options, {
    of: 'spike',
    redact: redactSecrets,
  });
  const { over, within: withinMs } = parsed;
  const clearBelow = parsed.clearBelow ?? defaultClearBelow(over);
  const steps = stepsOf(parsed.severity ?? 'medium', over);
  // One to be more than the highest threshold, and one so that the crossing itself shows as exact.
  const capacity = Math.max(...steps.map((step) => step.over)) + 2;
  const thresholds = { steps, clearBelow, withinMs, capacity };
  return Object.freeze<SpikeRule>({
    kind: 'spike',
    severities: Object.freeze(steps.map((step) => step.severity)),
    keepFiringForMs: parsed.keepFiringFor ?? Math.max(MIN_DEFAULT_KEEP_MS, withinMs / 4),
    lookbackMs: withinMs,
    init: () => NO_TIMES,
    on: (state, event) => addTime(state, event.atMs, capacity),
    evaluate: (state, nowMs) => judge(state, nowMs, thresholds),
  });
}

interface Thresholds {
  /** Mildest first. */
  readonly steps: readonly SeverityStep[];
  readonly clearBelow: number;
  readonly withinMs: number;
  /** How many times are kept: the count is exact below this. */
  readonly capacity: number;
}

function judge(times: RecentTimes, nowMs: number, thresholds: Thresholds): Verdict {
  const { steps, clearBelow, withinMs, capacity } = thresholds;
  const value = countWithin(times, withinMs, nowMs, capacity);
  const found =
    `${value === capacity ? 'at least ' : ''}${value} ${value === 1 ? 'error' : 'errors'}` +
    ` in the last ${formatDuration(withinMs)}`;
  const limit = steps[0]?.over ?? 0;
  if (value < clearBelow) {
    const why = `${found}, below ${clearBelow}`;
    return { status: 'clear', value, limit: clearBelow, why, clearsAtMs: undefined };
  }
  // Clear as soon as the clearBelow-th latest has left the window.
  const clearsAtMs = (nthLatest(times, clearBelow) ?? nowMs) + withinMs;
  const step = steps.findLast((one) => value > one.over);
  if (step === undefined) {
    const why = `${found}, not over ${limit} but not below ${clearBelow}`;
    return { status: 'holding', value, limit, why, clearsAtMs };
  }
  const next = steps[steps.indexOf(step) + 1];
  const why = `${found}, over ${step.over}${next ? ` (${next.severity} over ${next.over})` : ''}`;
  return { status: 'breach', severity: step.severity, value, limit: step.over, why, clearsAtMs };
}

const DEFAULT_CLEAR_RATIO = 0.8;
const MIN_DEFAULT_KEEP_MS = 5 * 60_000;

function defaultClearBelow(over: number): number {
  return Math.max(1, Math.floor(over * DEFAULT_CLEAR_RATIO));
}
