import { parseOptions } from '@ops/timeout/options';
import type { Severity } from '../alert.ts';
import { formatDuration } from '../format-duration.ts';
import { redactSecrets } from '../redact.ts';
import type { Rule, RuleEvent, Verdict } from '../rule.ts';
import { type FirstSeenOptions, firstSeenSchema } from './first-seen-options.ts';
import { commonRule } from './rule-options.ts';

/** State of a {@link firstSeen} rule, for one kind of error. Null before the first. */
export interface FirstSeenState {
  readonly lastMs: number;
  /** What was last worth telling: when, since when it has been counted, and after how long a quiet time. */
  readonly newsMs: number;
  readonly count: number;
  /** Null: it was never seen before. */
  readonly quietMs: number | null;
}

/** A {@link firstSeen} rule. */
export type FirstSeenRule = Rule<FirstSeenState | null>;

/** Kinds of errors are remembered for so long at least, or for twice `regressionAfter`. */
const MIN_LOOKBACK_MS = 30 * 86_400_000;

/**
 * Alerts at the first error of a kind, and when a kind comes back after a long time: each fingerprint
 * is a series of its own. Its alerts end by themselves after `visibleFor`, and nobody is told of that.
 *
 * A kind that did not come for 30 days, or twice `regressionAfter` if that is longer, may be forgotten
 * and then is a first one again. Kinds beyond `maxSeries` share one series: only the first is told.
 *
 * @throws InvalidOptionsError naming every wrong option.
 */
export function firstSeen(options: FirstSeenOptions = {}): FirstSeenRule {
  const parsed = parseOptions(firstSeenSchema, options, {
    of: 'firstSeen',
    redact: redactSecrets,
  });
  const { severity = 'low', regressionAfter = 7 * 86_400_000, visibleFor = 3_600_000 } = parsed;
  const { seriesOf, ...common } = commonRule(
    { ...parsed, by: 'fingerprint' },
    { keepFiringForMs: 0, maxSeriesCount: 1_000 },
  );
  const settings = { severity, regressionMs: regressionAfter, visibleMs: visibleFor };
  return Object.freeze<FirstSeenRule>({
    kind: 'firstSeen',
    severities: Object.freeze([severity]),
    ...common,
    announcesEnd: false,
    lookbackMs: Math.max(MIN_LOOKBACK_MS, 2 * regressionAfter),
    startsAlone: false,
    keyOf: (event) => (event.type === 'error' ? seriesOf(event) : undefined),
    init: () => null,
    isState: (state) => state === null || isFirstSeenState(state),
    on: (state, event) => seen(state, event, settings.regressionMs),
    evaluate: (state, nowMs) => judge(state, nowMs, settings),
  });
}

function seen(
  state: FirstSeenState | null,
  { atMs, count }: RuleEvent,
  regressionMs: number,
): FirstSeenState {
  if (state === null) return { lastMs: atMs, newsMs: atMs, count, quietMs: null };
  const quietMs = atMs - state.lastMs;
  if (quietMs >= regressionMs) return { lastMs: atMs, newsMs: atMs, count, quietMs };
  return { ...state, lastMs: Math.max(state.lastMs, atMs), count: state.count + count };
}

interface Settings {
  readonly severity: Severity;
  readonly regressionMs: number;
  readonly visibleMs: number;
}

function judge(state: FirstSeenState | null, nowMs: number, settings: Settings): Verdict {
  if (state === null) {
    const why = 'not seen yet, 0 errors of this kind';
    return { status: 'clear', value: 0, limit: null, why, nextMs: undefined };
  }
  const { count, quietMs, newsMs, lastMs } = state;
  const untilMs = newsMs + settings.visibleMs;
  const facts = { value: count, limit: null } as const;
  if (nowMs >= untilMs) {
    const ago = formatDuration(Math.max(0, nowMs - lastMs));
    const why = `known: ${counted(count)}, the last ${ago} ago`;
    return { status: 'clear', ...facts, why, nextMs: undefined };
  }
  const news =
    quietMs === null
      ? 'an error of a kind not seen before'
      : `an error of a kind that had not come for ${formatDuration(quietMs)} (${formatDuration(settings.regressionMs)} is a regression)`;
  const why = `${news}: ${counted(count)} since ${new Date(newsMs).toISOString()}`;
  return { status: 'breach', severity: settings.severity, ...facts, why, nextMs: untilMs };
}

function counted(count: number): string {
  return `${count} ${count === 1 ? 'error' : 'errors'}`;
}

function isFirstSeenState(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { lastMs, newsMs, count, quietMs } = value as Partial<FirstSeenState>;
  const isSound = [lastMs, newsMs, count].every((one) => Number.isFinite(one));
  return isSound && (quietMs === null || Number.isFinite(quietMs));
}
