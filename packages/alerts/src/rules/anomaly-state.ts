/**
 * What an `anomaly()` rule remembers of one series, and how it learns.
 *
 * Time is cut into steps of a third of the window, and those into five slots. A step teaches the
 * history one number: the highest count that the sliding window reached in it. Breaches are judged
 * by that very count, so the share of steps that breach by chance is `1 - quantile`, whether events
 * come one by one or a thousand at a time every half hour.
 */
import {
  addCount,
  type DecayedHistogram,
  EMPTY_HISTOGRAM,
  isHistogram,
  quantileOf,
} from './decayed-histogram.ts';

/** State of an {@link anomaly} rule; plain JSON of at most about 1.5 kB. */
export interface AnomalyState {
  /** Slots are fifteenths of it, so a state of another window cannot be gone on with. */
  readonly windowMs: number;
  /** Number of the latest slot that something is known of, by an event or by a look at the clock. */
  readonly slot: number;
  /** Counts of that slot and the 14 before it, oldest first. */
  readonly counts: readonly number[];
  /** Number of the slot since which nothing was missed. */
  readonly sinceSlot: number;
  /** The highest count of the window in the step so far. */
  readonly peak: number;
  /** Steps learned; no longer counted once they are enough. */
  readonly learnedCount: number;
  readonly history: DecayedHistogram;
}

/** Options and constants of an {@link anomaly} rule, as its state works with them. */
export interface AnomalySettings {
  readonly windowMs: number;
  readonly quantile: number;
  readonly halfLifeMs: number;
  /** In steps. */
  readonly halfLife: number;
  /** In steps. */
  readonly learning: number;
  readonly min: number;
  /** The limit is this many cells of the history above the quantile. */
  readonly spareCells: number;
  /** A step teaches at most this many times the limit. */
  readonly maxLesson: number;
}

export const STEPS_PER_WINDOW = 3;
export const SLOTS_PER_STEP = 5;
export const SLOTS_PER_WINDOW: number = SLOTS_PER_STEP * STEPS_PER_WINDOW;
/** Not looked at for longer than this: nothing was running, so the zeros are no news. */
const MAX_UNSEEN_SLOTS = 4 * SLOTS_PER_WINDOW;

export function newState(slot: number, { windowMs }: AnomalySettings): AnomalyState {
  const counts = Array.from({ length: SLOTS_PER_WINDOW }, () => 0);
  const learned = { learnedCount: 0, history: EMPTY_HISTOGRAM };
  return { windowMs, slot, counts, sinceSlot: slot, peak: 0, ...learned };
}

/** An event that is too old for the window changes nothing; one of a later slot moves time on. */
export function addEvents(
  state: AnomalyState,
  slot: number,
  amount: number,
  settings: AnomalySettings,
): AnomalyState {
  const seen = slot > state.slot ? passTime(state, slot, settings) : state;
  const index = SLOTS_PER_WINDOW - 1 - (seen.slot - slot);
  const before = seen.counts[index];
  if (before === undefined) return seen;
  const counts = seen.counts.with(index, add(before, amount));
  return { ...seen, counts, peak: Math.max(seen.peak, sum(counts)) };
}

/**
 * Learns from the steps that have ended since. After a longer time than {@link MAX_UNSEEN_SLOTS}, or
 * where the clock was set back by as much, it begins at `slot` with what was learned before.
 */
export function passTime(
  state: AnomalyState,
  slot: number,
  settings: AnomalySettings,
): AnomalyState {
  if (Math.abs(slot - state.slot) > MAX_UNSEEN_SLOTS) {
    const { learnedCount, history } = state;
    return { ...newState(slot, settings), learnedCount, history };
  }
  let next = state;
  while (next.slot < slot) {
    const end = stepEnd(next.slot);
    const isOver = end <= slot;
    const to = isOver ? end : slot;
    const counts = shift(next.counts, to - next.slot);
    const learned = isOver ? { ...learn(next, end, settings), peak: sum(counts) } : next;
    next = { ...learned, slot: to, counts };
  }
  return next;
}

/**
 * The step before `end` is over. It teaches nothing where the window was not seen whole. What is far above the limit teaches only a little more than the limit. So an
 * anomaly does not make itself usual in a quarter of an hour, nor blinds the rule for weeks, and
 * what has come to stay is usual after some hours all the same.
 */
function learn(state: AnomalyState, end: number, settings: AnomalySettings): AnomalyState {
  if (end - state.sinceSlot < SLOTS_PER_WINDOW) return state;
  const { history, learnedCount, peak } = state;
  const isLearning = learnedCount < settings.learning;
  const most = Math.ceil(settings.maxLesson * Math.max(limitOf(state, settings), settings.min));
  return {
    ...state,
    history: addCount(history, isLearning ? peak : Math.min(peak, most), settings.halfLife),
    learnedCount: isLearning ? learnedCount + 1 : learnedCount,
  };
}

/** What the count stays within in all steps but the share `1 - quantile`. */
export function limitOf({ history }: AnomalyState, settings: AnomalySettings): number {
  return quantileOf(history, settings.quantile, settings.spareCells);
}

/** Of the window whose last slot it is. */
export function countAt(state: AnomalyState, slot: number): number {
  return sum(state.counts.slice(Math.max(0, slot - state.slot)));
}

/** The first slot whose window counts at most `most`, if nothing more comes. */
export function fallsAt(state: AnomalyState, most: number): number {
  let rest = sum(state.counts);
  let passed = 0;
  while (rest > most) rest -= state.counts[passed++] ?? rest;
  return state.slot + passed;
}

/** The first slot after the step that this one is in. */
export function stepEnd(slot: number): number {
  return (Math.floor(slot / SLOTS_PER_STEP) + 1) * SLOTS_PER_STEP;
}

function shift(counts: readonly number[], by: number): readonly number[] {
  return counts.map((_, index) => counts[index + by] ?? 0);
}

function sum(counts: readonly number[]): number {
  return counts.reduce(add, 0);
}

function add(one: number, other: number): number {
  return Math.min(one + other, Number.MAX_SAFE_INTEGER);
}

/** Whether {@link passTime} can go on from it. */
export function isAnomalyState(value: unknown, { windowMs }: AnomalySettings): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { counts, history, ...rest } = value as Partial<AnomalyState>;
  const { slot, sinceSlot, peak, learnedCount } = rest;
  return (
    rest.windowMs === windowMs &&
    [slot, sinceSlot, peak, learnedCount].every(Number.isSafeInteger) &&
    Array.isArray(counts) &&
    counts.length === SLOTS_PER_WINDOW &&
    counts.every(Number.isSafeInteger) &&
    isHistogram(history)
  );
}
