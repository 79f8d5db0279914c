import type { Severity } from '../alert.ts';
import { formatDuration } from '../format-duration.ts';
import type { Verdict } from '../rule.ts';
import type { FailuresSettings } from './failures-options.ts';
import type { FailuresState } from './failures-state.ts';
import { judgeOver, type OverThreshold } from './over-threshold.ts';
import { countCalls } from './recent-calls.ts';
import type { SeverityStep } from './severity-ladder.ts';

/** What a series of `failures()` is held against. */
export interface FailuresThresholds extends FailuresSettings {
  readonly threshold: OverThreshold | undefined;
  /** Mildest first. By the count of `over`, else by the failures in a row. */
  readonly steps: readonly SeverityStep[];
}

/** A share below this part of the limit is clear. */
const CLEAR_RATIO = 0.8;

export function judgeFailures(
  state: FailuresState,
  nowMs: number,
  thresholds: FailuresThresholds,
): Verdict {
  const { quietMs } = thresholds;
  const lastMs = Math.max(state.lastFailureMs ?? -Infinity, state.lastSuccessMs ?? -Infinity);
  const facts = { value: null, limit: null } as const;
  if (lastMs === -Infinity) {
    return { status: 'no-data', ...facts, why: '0 calls so far', nextMs: undefined };
  }
  // Where successes are told, their absence with that of failures says nothing. Where only errors are
  // told, no errors is all the good news there can be.
  if (state.lastSuccessMs !== null && lastMs + quietMs <= nowMs) {
    const how = lastMs === state.lastFailureMs ? 'failed' : 'succeeded';
    const ago = formatDuration(nowMs - lastMs);
    const why = `0 calls in the last ${formatDuration(quietMs)}, the last one ${ago} ago ${how}`;
    return { status: 'no-data', ...facts, why, nextMs: undefined };
  }
  const parts = partsOf(state, nowMs, thresholds);
  const nextMs = earliest([
    ...parts.map((part) => part.nextMs),
    lastMs + quietMs > nowMs ? lastMs + quietMs : undefined,
  ]);
  return { ...joined(parts), nextMs };
}

/** What each condition finds, for those that are given. */
function partsOf(
  state: FailuresState,
  nowMs: number,
  thresholds: FailuresThresholds,
): readonly Verdict[] {
  const { threshold } = thresholds;
  return [
    threshold && judgeOver(state.failures, nowMs, threshold),
    judgeConsecutive(state, nowMs, thresholds),
    judgeRatio(state, nowMs, thresholds),
  ].filter((part) => part !== undefined);
}

/** The worst of them, with the reasons of all that are as bad. */
function joined(parts: readonly Verdict[]): Verdict {
  const status = (['breach', 'holding'] as const).find((one) =>
    parts.some((part) => part.status === one),
  );
  const telling = status === undefined ? parts : parts.filter((part) => part.status === status);
  const why = telling.map((part) => part.why).join('; ');
  // Severities come from one ladder: where several conditions fire, the first is `over` and knows it.
  const [first] = telling;
  if (first === undefined) throw new Error('failures() has no condition');
  return { ...first, why };
}

function judgeConsecutive(
  state: FailuresState,
  nowMs: number,
  { consecutive, quietMs, steps, threshold }: FailuresThresholds,
): Verdict | undefined {
  if (consecutive === undefined) return undefined;
  const { lastFailureMs, lastSuccessMs } = state;
  const isForgotten =
    lastSuccessMs === null && lastFailureMs !== null && lastFailureMs + quietMs <= nowMs;
  const value = isForgotten ? 0 : state.streak;
  const found = `${value} ${value === 1 ? 'failure' : 'failures'} in a row`;
  const facts = { value, limit: consecutive, nextMs: undefined } as const;
  if (value < consecutive) {
    return { status: 'clear', ...facts, why: `${found}, fewer than ${consecutive}` };
  }
  const reached = threshold ? undefined : steps.findLast((step) => value >= step.over);
  const next = reached && steps[steps.indexOf(reached) + 1];
  const limit = reached?.over ?? consecutive;
  const why = `${found}, at least ${limit}${next ? ` (${next.severity} at ${next.over})` : ''}`;
  return { status: 'breach', severity: mildest(reached ?? steps[0]), ...facts, limit, why };
}

function judgeRatio(
  state: FailuresState,
  nowMs: number,
  { ratio, steps }: FailuresThresholds,
): Verdict | undefined {
  if (ratio === undefined) return undefined;
  const { share, withinMs, minCount } = ratio;
  const { calls, failures, nextMs } = countCalls(state.calls, nowMs, withinMs);
  const value = calls === 0 ? 0 : failures / calls;
  const found = `${failures} of ${calls} ${calls === 1 ? 'call' : 'calls'} (${percent(value)}) failed in the last ${formatDuration(withinMs)}`;
  const facts = { value, limit: share, nextMs } as const;
  if (calls < minCount) {
    const why = `${found}, fewer calls than ${minCount}`;
    const isWell = failures === 0 && (calls > 0 || state.lastSuccessMs === null);
    return { status: isWell ? 'clear' : 'holding', ...facts, why };
  }
  if (value >= share) {
    const why = `${found}, at least ${percent(share)}`;
    return { status: 'breach', severity: mildest(steps[0]), ...facts, why };
  }
  if (value < share * CLEAR_RATIO) {
    return { status: 'clear', ...facts, why: `${found}, below ${percent(share * CLEAR_RATIO)}` };
  }
  const why = `${found}, below ${percent(share)} but not below ${percent(share * CLEAR_RATIO)}`;
  return { status: 'holding', ...facts, why };
}

function mildest(step: SeverityStep | undefined): Severity {
  return step?.severity ?? 'medium';
}

/** At most one decimal. */
function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`;
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
