import { formatDuration } from '../format-duration.ts';
import type { Verdict } from '../rule.ts';
import {
  type AnomalySettings,
  type AnomalyState,
  countAt,
  fallsAt,
  limitOf,
  SLOTS_PER_STEP,
  SLOTS_PER_WINDOW,
  STEPS_PER_WINDOW,
  stepEnd,
} from './anomaly-state.ts';

/** A {@link Verdict} but for what its rule adds. */
export interface AnomalyFinding extends Pick<Verdict, 'status' | 'value' | 'limit' | 'why'> {
  /** The first slot in which it may differ, or in which the clock must be looked at again. */
  readonly nextSlot: number;
}

/**
 * Clear begins right below a breach, without a stretch of `holding`: what a steady series counts every
 * day is often less than a tenth below its limit, so an alert would never end. `keepFiringFor` keeps
 * one from coming and going.
 */
export function judgeAnomaly(
  state: AnomalyState,
  slot: number,
  settings: AnomalySettings,
): AnomalyFinding {
  const { min, learning } = settings;
  const value = countAt(state, slot);
  const found =
    `${value} ${value === 1 ? 'error' : 'errors'}` +
    ` in the last ${formatDuration(settings.windowMs)}`;
  const nextAt = (changesAt: number): number =>
    Math.min(Math.max(changesAt, slot + 1), nextLook(slot));
  const untilLearned = learning - state.learnedCount;
  if (untilLearned > 0) {
    const why = `${found}; still learning what is usual, ${progress(state, settings)}`;
    const nextSlot = nextAt(stepEnd(slot) + (untilLearned - 1) * SLOTS_PER_STEP);
    return { status: 'no-data', value, limit: null, why, nextSlot };
  }
  const usual = limitOf(state, settings);
  const why = `${found}; ${describe(usual, settings)}`;
  const facts = { value, limit: Math.max(usual, min), why };
  const most = Math.max(usual, min - 1);
  // The limit moves at the end of a step. It can matter only to a count that the floor lets through.
  const judgedAnew = value >= min ? stepEnd(slot) : Number.POSITIVE_INFINITY;
  if (value > most) {
    return {
      status: 'breach',
      ...facts,
      nextSlot: nextAt(Math.min(fallsAt(state, most), judgedAnew)),
    };
  }
  const wholeAt = state.sinceSlot + SLOTS_PER_WINDOW;
  if (slot >= wholeAt) return { status: 'clear', ...facts, nextSlot: nextAt(judgedAnew) };
  const since = `${why}; not a whole window yet since nothing was running`;
  const nextSlot = nextAt(Math.min(wholeAt, judgedAnew));
  return { status: 'no-data', ...facts, why: since, nextSlot };
}

/** A process that is there must say so once a window, or the zeros are not learned. */
function nextLook(slot: number): number {
  return (Math.floor(slot / SLOTS_PER_WINDOW) + 1) * SLOTS_PER_WINDOW;
}

function describe(usual: number, { quantile, halfLifeMs, min }: AnomalySettings): string {
  const share = Number((quantile * 100).toPrecision(6));
  const past = `${share} % of its past, half-life ${formatDuration(halfLifeMs)}`;
  return `usual is at most ${usual} (${past}), floor ${min}`;
}

function progress(state: AnomalyState, { windowMs, learning }: AnomalySettings): string {
  const timeOf = (steps: number): string => formatDuration((steps * windowMs) / STEPS_PER_WINDOW);
  return `${timeOf(state.learnedCount)} of ${timeOf(learning)}`;
}
