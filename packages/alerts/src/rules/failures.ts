import { parseOptions } from '@ops/timeout/options';
import { redactSecrets } from '../redact.ts';
import type { Rule, RuleEvent } from '../rule.ts';
import { type FailuresOptions, failuresSchema, failuresSettings } from './failures-options.ts';
import { addOutcome, type FailuresState, isFailuresState, NO_FAILURES } from './failures-state.ts';
import { type FailuresThresholds, judgeFailures } from './failures-verdict.ts';
import { overThreshold } from './over-threshold.ts';
import type { Memory } from './recent-times.ts';
import { commonRule } from './rule-options.ts';
import { defaultKeepFiringMs, stepsOf } from './severity-ladder.ts';

/** A {@link failures} rule. */
export type FailuresRule = Rule<FailuresState>;

/** A streak of failures is remembered for so long: that of a call that is made once a day too. */
const STREAK_LOOKBACK_MS = 2 * 86_400_000;

/**
 * Alerts when calls of one integration (or route, or whatever `by` names) fail: so many in a row, more
 * than so many within a time, or a share of them. Counts the outcomes of `alerts.watch()`,
 * `alerts.success()` and `alerts.failure()`, and errors given to `alerts.error()` with that label,
 * each failure once.
 *
 * No call at all for the longest time given (an hour where there is only `consecutive`) is `no-data`:
 * a firing alert waits for a call, since nobody knows whether the other side works again. Where no
 * success was ever told, only errors, their absence for as long is `clear` instead.
 *
 * @throws InvalidOptionsError naming every wrong option, also a threshold that could never clear, a
 * ladder that is out of order or does not start where the alert does, and a rule without a condition.
 */
export function failures(options: FailuresOptions): FailuresRule {
  const parsed = parseOptions(failuresSchema, options, { of: 'failures', redact: redactSecrets });
  const { clearBelow, severity = 'medium' } = parsed;
  const settings = failuresSettings(parsed);
  const { over, consecutive, quietMs } = settings;
  const threshold =
    over && overThreshold({ ...over, clearBelow, severity }, ['failure', 'failures']);
  const thresholds: FailuresThresholds = {
    ...settings,
    threshold,
    steps: threshold?.steps ?? stepsOf(severity, consecutive ?? 0),
  };
  const memory = memoryOf(thresholds);
  const { seriesOf, ...common } = commonRule(
    { ...parsed, by: parsed.by ?? 'integration' },
    { keepFiringForMs: defaultKeepFiringMs(over?.withinMs ?? 0) },
  );
  return Object.freeze<FailuresRule>({
    kind: 'failures',
    severities: Object.freeze(thresholds.steps.map((step) => step.severity)),
    ...common,
    announcesEnd: true,
    lookbackMs: Math.max(quietMs, consecutive === undefined ? 0 : STREAK_LOOKBACK_MS),
    startsAlone: false,
    keyOf: (event) => (isCall(event) ? seriesOf(event) : undefined),
    init: () => NO_FAILURES,
    isState: isFailuresState,
    on: (state, event) => addOutcome(state, event, settings, memory),
    evaluate: (state, nowMs) => judgeFailures(state, nowMs, thresholds),
  });
}

function isCall(event: RuleEvent): boolean {
  return event.type === 'outcome' || (event.type === 'error' && event.isKnownFailure !== true);
}

/** A success may come this late and still be put where it belongs among the failures. */
const LATE_MS = 60_000;

function memoryOf({ threshold, steps }: FailuresThresholds): Memory {
  const highest = Math.max(...steps.map((step) => step.over));
  return {
    capacity: threshold?.capacity ?? highest + 2,
    withinMs: Math.max(threshold?.withinMs ?? 0, LATE_MS),
  };
}
