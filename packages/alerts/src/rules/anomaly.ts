import { parseOptions } from '@ops/timeout/options';
import type { Severity } from '../alert.ts';
import { redactSecrets } from '../redact.ts';
import type { Rule } from '../rule.ts';
import {
  type AnomalyNumbers,
  type AnomalyOptions,
  anomalyNumbers,
  anomalySchema,
} from './anomaly-options.ts';
import {
  type AnomalySettings,
  type AnomalyState,
  addEvents,
  isAnomalyState,
  newState,
  passTime,
  SLOTS_PER_WINDOW,
  STEPS_PER_WINDOW,
} from './anomaly-state.ts';
import { judgeAnomaly } from './anomaly-verdict.ts';
import { commonRule, type ParsedRuleOptions } from './rule-options.ts';

/** An {@link anomaly} rule. */
export type AnomalyRule = Rule<AnomalyState>;

/**
 * Alerts when errors come more often than they ever do: more within `window` than in all but the
 * share `1 - quantile` of the series' own past, and no fewer than `min`. So it needs no number for
 * each service, and none that has to be kept up to date.
 *
 * The past is a histogram in which older counts weigh less, by half every `halfLife`. What is far above
 * the limit goes into it only bit by bit: an incident stays one for hours, and what has come to stay
 * is usual the next day. Ten times as much is usual after 3 hours where two weeks were learned, after 1
 * where it were three days. Time in which nothing was running is neither learned from nor counted as
 * `learning`, and before the first whole window after it nothing can be said (`no-data`). That is told
 * by the clock not having been looked at for four windows, so it must be once a window (`nextMs`).
 *
 * Counted in fifteenths of the window: a sudden burst is counted exactly, of steady errors the oldest
 * fifteenth may be left out. The past is measured in the same way.
 *
 * @throws InvalidOptionsError naming every wrong option.
 */
export function anomaly(options: AnomalyOptions = {}): AnomalyRule {
  const parsed = parseOptions(anomalySchema, options, { of: 'anomaly', redact: redactSecrets });
  return anomalyRule(parsed, anomalySettings(anomalyNumbers(parsed)));
}

/** What is not an option: nobody could tell what to set. */
type Tuning = Pick<AnomalySettings, 'spareCells' | 'maxLesson'>;

/**
 * Measured as the defaults of the options are (`anomaly-options.ts`): windows found of 15, false alarms
 * a series and week, NAB score.
 *
 *   spareCells   0: 14 0.69 78   1: 14 0.40 82   2: 12 0.35 70   3: 10 0.19 60
 *   maxLesson    1: 14 0.69 79   1.1: 14 0.43 81   1.25 to 2: 14 0.40 82   4: 14 0.37 82
 *
 * One spare cell (9 %) is what keeps strongly seasonal series quiet, whose weekly peaks are nearly
 * alike: at most 0.1 false alarms a week, 0.5 to 0.7 without it. With halved counts a `maxLesson` above
 * 1.25 finds one window less; and ten times the usual would be usual after 2 hours at 1.5.
 */
export const ANOMALY_TUNING: Tuning = { spareCells: 1, maxLesson: 1.25 };

/** For the benchmark, which tries others than the options allow for. */
export function anomalySettings(
  numbers: AnomalyNumbers,
  tuning: Tuning = ANOMALY_TUNING,
): AnomalySettings {
  const stepMs = numbers.window / STEPS_PER_WINDOW;
  return {
    windowMs: numbers.window,
    quantile: numbers.quantile,
    halfLifeMs: numbers.halfLife,
    halfLife: numbers.halfLife / stepMs,
    learning: Math.ceil(numbers.learning / stepMs),
    min: numbers.min,
    ...tuning,
  };
}

/** After this many half-lives without a look, what was learned is of another time. */
const MAX_HALF_LIVES = 4;

export function anomalyRule(
  parsed: ParsedRuleOptions & { readonly severity?: Severity | undefined },
  settings: AnomalySettings,
): AnomalyRule {
  const { windowMs, halfLifeMs } = settings;
  const severity = parsed.severity ?? 'medium';
  const { seriesOf, ...common } = commonRule(parsed, { keepFiringForMs: windowMs });
  const slotOf = (atMs: number): number => Math.floor((atMs * SLOTS_PER_WINDOW) / windowMs);
  return Object.freeze<AnomalyRule>({
    kind: 'anomaly',
    severities: Object.freeze([severity]),
    ...common,
    announcesEnd: true,
    lookbackMs: MAX_HALF_LIVES * halfLifeMs,
    // Hours without errors are learned from too. With `by` nobody knows what series there will be.
    startsAlone: parsed.by === undefined,
    keyOf: (event) => (event.type === 'error' ? seriesOf(event) : undefined),
    init: (atMs) => newState(slotOf(atMs), settings),
    isState: (state) => isAnomalyState(state, settings),
    on: (state, { atMs, count }) => addEvents(state, slotOf(atMs), count, settings),
    tick: (state, nowMs) => passTime(state, slotOf(nowMs), settings),
    evaluate(state, nowMs) {
      const { status, nextSlot, ...found } = judgeAnomaly(state, slotOf(nowMs), settings);
      const nextMs = Math.ceil((nextSlot * windowMs) / SLOTS_PER_WINDOW);
      const facts = { ...found, nextMs };
      return status === 'breach' ? { status, severity, ...facts } : { status, ...facts };
    },
  });
}
