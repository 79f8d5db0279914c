import type { Alert, ErrorSample, SeriesState } from './alert.ts';
import type { Json } from './channel.ts';
import { dismiss, type Lifecycle, NEVER_FIRED } from './lifecycle.ts';
import type { Rule, RuleEvent, Verdict } from './rule.ts';
import { endedAlert } from './series-alert.ts';
import { soundSeries } from './series-repair.ts';
import { createWalk, type Walk } from './series-walk.ts';

/** One thing that a rule watches: its counts, and where its alert stands. Plain JSON, changed by {@link stepSeries} only. */
export interface Series {
  /** The rule's name in `createAlerts({ rules })`. */
  readonly rule: string;
  /** `Rule.kind` of the rule that made `state`: one of another kind begins anew. */
  readonly kind: string;
  /** `''` where the rule has but one series. */
  readonly key: string;
  /** A few characters: ids of alerts differ between series, also of one key made at different times or places. */
  readonly born: string;
  readonly state: Json;
  readonly life: Lifecycle;
  /** While the life is `firing` or `recovering`. Its reason and numbers are as of `touchedAtMs`. */
  readonly alert: Alert | null;
  /** Up to when everything that time brings about has been done; never goes back. */
  readonly touchedAtMs: number;
}

/** One step in the life of a series. */
export interface SeriesStep {
  readonly from: SeriesState;
  readonly to: SeriesState;
  /** As it is after the step: on firing, a rise of severity, recovering, back to firing, resolved. Null while there is none. */
  readonly alert: Alert | null;
  readonly atMs: number;
  /** The severity of an alert that was there before got worse. */
  readonly isRise: boolean;
}

/** What stepping a series needs to know besides the series. */
export interface SeriesContext {
  readonly rule: Rule;
  readonly name: string;
  readonly service: string;
  readonly environment: string;
  /** For an alert that begins or gets worse: what its message is to show. */
  readonly samples: () => readonly ErrorSample[];
  /** The store cannot be reached: alerts that begin now are marked. */
  readonly isDegraded: boolean;
}

export interface SeriesResult {
  readonly series: Series;
  /** In the order in which they were made. */
  readonly steps: readonly SeriesStep[];
  /** As of `series.touchedAtMs`. */
  readonly verdict: Verdict;
  /** When time alone may bring about the next step; undefined when only an event can. A whole number. */
  readonly dueAtMs: number | undefined;
  /** Why counts were given up and begun anew: a stored state that cannot be read, or what the rule threw. */
  readonly fault: unknown;
}

/** A series that nothing has happened in yet. */
export function createSeries(
  rule: Rule,
  name: string,
  key: string,
  born: string,
  atMs: number,
): Series {
  const touchedAtMs = Math.floor(atMs);
  const state = rule.init(touchedAtMs);
  const isUnknown = rule.evaluate(state, touchedAtMs).status === 'no-data';
  return {
    rule: name,
    kind: rule.kind,
    key,
    born,
    state: state as Json,
    life: isUnknown ? { ...NEVER_FIRED, state: 'no-data' } : NEVER_FIRED,
    alert: null,
    touchedAtMs,
  };
}

/**
 * Folds events in order of time; before each, makes every step that was due by then, as of when it
 * was due; then goes on to `nowMs`. So it does not matter how often, or how late, it is called. Pure.
 *
 * Events that come late are counted at their own time, but steps are made no earlier than the last
 * look at the series: what others were told is not taken back. Events from the future count as now.
 * Times are whole milliseconds, fractions are cut. A bounded number of steps, however long the series
 * was left alone.
 *
 * A series that cannot be read, or whose rule throws on it, begins anew once, told by `fault`.
 *
 * @throws what the rule throws on a series that has begun anew too.
 */
export function stepSeries(
  series: Series,
  events: readonly RuleEvent[],
  nowMs: number,
  context: SeriesContext,
): SeriesResult {
  const untilMs = Math.floor(nowMs);
  const { series: sound, fault } = soundSeries(series, context, untilMs);
  try {
    return { ...walkOf(sound, events, untilMs, context), fault };
  } catch (error) {
    const anew = { ...sound, state: context.rule.init(sound.touchedAtMs) as Json };
    return { ...walkOf(anew, events, untilMs, context), fault: error };
  }
}

function walkOf(
  series: Series,
  events: readonly RuleEvent[],
  nowMs: number,
  context: SeriesContext,
): Omit<SeriesResult, 'fault'> {
  const untilMs = Math.max(nowMs, series.touchedAtMs);
  const walk: Walk = createWalk(series, context);
  for (const event of inOrder(events)) {
    const atMs = Math.floor(Math.min(event.atMs, untilMs));
    walk.catchUp(atMs);
    walk.take(atMs === event.atMs ? event : { ...event, atMs });
  }
  walk.catchUp(untilMs);
  return walk.end(untilMs);
}

function inOrder(events: readonly RuleEvent[]): readonly RuleEvent[] {
  const isOrdered = events.every((event, at) => event.atMs >= (events[at - 1]?.atMs ?? -Infinity));
  return isOrdered ? events : events.toSorted((a, b) => a.atMs - b.atMs);
}

/**
 * Ends the alert by hand: it does not fire again before its condition has cleared once, or got worse.
 * Needs no rule, so it also ends alerts of rules that are no more.
 *
 * @param reason a part of a sentence: `resolved by ann`.
 * @returns undefined when there is no alert.
 */
export function resolveSeries(
  series: Series,
  nowMs: number,
  reason: string,
): { readonly series: Series; readonly step: SeriesStep } | undefined {
  const { alert, life } = series;
  if (alert === null) return undefined;
  const atMs = Math.max(Math.floor(nowMs), series.touchedAtMs);
  return {
    series: { ...series, life: dismiss(life), alert: null, touchedAtMs: atMs },
    step: {
      from: life.state,
      to: 'ok',
      alert: endedAlert(alert, atMs, reason),
      atMs,
      isRise: false,
    },
  };
}
