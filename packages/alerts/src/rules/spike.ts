import { parseOptions } from '@ops/timeout/options';
import { redactSecrets } from '../redact.ts';
import type { Rule } from '../rule.ts';
import { judgeOver, overThreshold } from './over-threshold.ts';
import { addTimes, isRecentTimes, NO_TIMES, type RecentTimes } from './recent-times.ts';
import { commonRule } from './rule-options.ts';
import { defaultKeepFiringMs } from './severity-ladder.ts';
import { type SpikeOptions, spikeSchema } from './spike-options.ts';

/** State of a {@link spike} rule: the latest error times, two more than its highest threshold. */
export type SpikeState = RecentTimes;

/** A {@link spike} rule: state and verdicts are plain JSON. */
export type SpikeRule = Rule<SpikeState>;

/**
 * Alerts when errors come too often: more than `over` of them within any stretch of `within`.
 *
 * The count is exact, not by buckets, also when errors of other replicas come in late: the rule
 * remembers the times of as many of the latest errors as its highest threshold asks for. Beyond the
 * highest threshold it says `at least`. No errors is `clear`: an app that reports none has none.
 *
 * @throws InvalidOptionsError naming every wrong option, also a threshold that could never clear
 * and a ladder that is out of order or does not start at `over`.
 */
export function spike(options: SpikeOptions): SpikeRule {
  const parsed = parseOptions(spikeSchema, options, { of: 'spike', redact: redactSecrets });
  const { over, within: withinMs, clearBelow, severity = 'medium' } = parsed;
  const threshold = overThreshold({ over, withinMs, clearBelow, severity }, ['error', 'errors']);
  const { seriesOf, ...common } = commonRule(parsed, {
    keepFiringForMs: defaultKeepFiringMs(withinMs),
  });
  return Object.freeze<SpikeRule>({
    kind: 'spike',
    severities: Object.freeze(threshold.steps.map((step) => step.severity)),
    ...common,
    announcesEnd: true,
    lookbackMs: withinMs,
    startsAlone: false,
    keyOf: (event) => (event.type === 'error' ? seriesOf(event) : undefined),
    init: () => NO_TIMES,
    isState: isRecentTimes,
    on: (state, event) => addTimes(state, event.atMs, event.count, threshold),
    evaluate: (state, nowMs) => judgeOver(state, nowMs, threshold),
  });
}
