import { parseOptions } from '@ops/timeout/options';
import { SEVERITIES } from '../alert.ts';
import { redactSecrets } from '../redact.ts';
import type { Rule } from '../rule.ts';
import { type BurnRateOptions, burnRateSchema, GOOGLE_PAIRS } from './burn-rate-options.ts';
import { addCalls, isRing, newRing, type Ring } from './burn-rate-rings.ts';
import { type BurnSettings, judgeBurn } from './burn-rate-verdict.ts';
import { commonRule } from './rule-options.ts';

/** State of a {@link burnRate} rule: a ring for each length of window there is, shortest first. */
export type BurnRateState = readonly Ring[];

/** A {@link burnRate} rule. */
export type BurnRateRule = Rule<BurnRateState>;

const DEFAULT_MIN_EVENTS = 100;

/**
 * Alerts when calls fail so often that the error budget (`1 - objective`) will not last: in a long
 * and in a short window at once, for each of several pairs, each with a severity of its own. Many
 * failures are told within minutes, few within hours, and the alert ends soon after the failures do.
 *
 * Counts outcomes: `alerts.watch()`, `alerts.success()` and `alerts.failure()`. Fewer than `minEvents`
 * in all long windows is `no-data`. Where the short window has no calls at all while the long one
 * still burns, nobody knows whether it is over: a firing alert stays (`holding`).
 *
 * Windows are counted in thirtieths: the oldest thirtieth of each may be left out.
 *
 * Resolved after `'5m'` without a breach, unless `keepFiringFor` says otherwise.
 *
 * @throws InvalidOptionsError naming every wrong option, also an objective at which even the failure
 * of every call would not be over one of the factors.
 */
export function burnRate(options: BurnRateOptions): BurnRateRule {
  const parsed = parseOptions(burnRateSchema, options, { of: 'burnRate', redact: redactSecrets });
  const { objective, minEvents = DEFAULT_MIN_EVENTS, windows: pairs = GOOGLE_PAIRS } = parsed;
  const settings: BurnSettings = { objective, minEvents, pairs };
  const lengths = [...new Set(pairs.flatMap((pair) => [pair.longMs, pair.shortMs]))];
  const lengthsMs = lengths.toSorted((one, other) => one - other);
  const { seriesOf, ...common } = commonRule(parsed, { keepFiringForMs: 5 * 60_000 });
  return Object.freeze<BurnRateRule>({
    kind: 'burnRate',
    severities: Object.freeze(
      SEVERITIES.filter((severity) => pairs.some((pair) => pair.severity === severity)),
    ),
    ...common,
    announcesEnd: true,
    lookbackMs: Math.max(...lengthsMs),
    startsAlone: false,
    keyOf: (event) => (event.type === 'outcome' ? seriesOf(event) : undefined),
    init: (atMs) => lengthsMs.map((lengthMs) => newRing(lengthMs, atMs)),
    isState: (state) =>
      Array.isArray(state) &&
      state.length === lengthsMs.length &&
      lengthsMs.every((lengthMs, index) => isRing(state[index], lengthMs)),
    on(state, event) {
      if (event.type !== 'outcome') return state;
      const { atMs, count, isSuccess } = event;
      return state.map((ring) => addCalls(ring, atMs, count, isSuccess ? 0 : count));
    },
    evaluate: (state, nowMs) => judgeBurn(state, nowMs, settings),
  });
}
