import type { RuleEvent } from '../rule.ts';
import type { FailuresSettings } from './failures-options.ts';
import { addCalls, isRecentCalls, NO_CALLS, type RecentCalls } from './recent-calls.ts';
import {
  addTimes,
  countAfter,
  isRecentTimes,
  type Memory,
  NO_TIMES,
  type RecentTimes,
} from './recent-times.ts';

/** State of one series of `failures()`. */
export interface FailuresState {
  /** When the latest failures were: for `over`, and to see what a success that comes late came before. */
  readonly failures: RecentTimes;
  /** How many since the last success. */
  readonly streak: number;
  readonly lastFailureMs: number | null;
  readonly lastSuccessMs: number | null;
  /** For `ratio`; empty without. */
  readonly calls: RecentCalls;
}

export const NO_FAILURES: FailuresState = Object.freeze({
  failures: NO_TIMES,
  streak: 0,
  lastFailureMs: null,
  lastSuccessMs: null,
  calls: NO_CALLS,
});

export function addOutcome(
  state: FailuresState,
  event: RuleEvent,
  { ratio, quietMs }: FailuresSettings,
  memory: Memory,
): FailuresState {
  const { atMs, count } = event;
  const isFailure = event.type !== 'outcome' || !event.isSuccess;
  const calls = ratio
    ? addCalls(state.calls, atMs, { calls: count, failures: isFailure ? count : 0 }, ratio.withinMs)
    : NO_CALLS;
  return isFailure
    ? {
        ...failed({ ...state, calls }, atMs, count, quietMs),
        failures: addTimes(state.failures, atMs, count, memory),
      }
    : succeeded({ ...state, calls }, atMs);
}

function failed(state: FailuresState, atMs: number, count: number, quietMs: number): FailuresState {
  const { lastFailureMs, lastSuccessMs, streak } = state;
  // Of the same millisecond, what comes later is later. One that comes late and was before the last
  // success is no part of the streak.
  if (lastSuccessMs !== null && atMs < lastSuccessMs) {
    return { ...state, lastFailureMs: Math.max(lastFailureMs ?? atMs, atMs) };
  }
  // Where no success is ever told, a long quiet time stands for one.
  const isAnew =
    lastSuccessMs === null && lastFailureMs !== null && lastFailureMs + quietMs <= atMs;
  return {
    ...state,
    streak: (isAnew ? 0 : streak) + count,
    lastFailureMs: Math.max(lastFailureMs ?? atMs, atMs),
  };
}

function succeeded(state: FailuresState, atMs: number): FailuresState {
  const { lastFailureMs, lastSuccessMs, streak, failures } = state;
  const isLate = lastFailureMs !== null && atMs < lastFailureMs;
  return {
    ...state,
    streak: isLate ? Math.min(streak, countAfter(failures, atMs)) : 0,
    lastSuccessMs: Math.max(lastSuccessMs ?? atMs, atMs),
  };
}

/** Whether a stored value is one. */
export function isFailuresState(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { failures, streak, lastFailureMs, lastSuccessMs, calls } = value as Partial<FailuresState>;
  const areTimes = [lastFailureMs, lastSuccessMs].every(
    (time) => time === null || Number.isFinite(time),
  );
  const isCount = Number.isSafeInteger(streak) && Number(streak) >= 0;
  return areTimes && isCount && isRecentTimes(failures) && isRecentCalls(calls);
}
