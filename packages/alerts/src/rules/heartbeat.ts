import type { Duration } from '@ops/timeout';
import { durationMs, parseOptions } from '@ops/timeout/options';
import * as z from 'zod';
import type { Severity } from '../alert.ts';
import { formatDuration } from '../format-duration.ts';
import { redactSecrets } from '../redact.ts';
import type { Rule, Verdict } from '../rule.ts';
import { type CommonRuleOptions, commonParts, commonRule, severityPart } from './rule-options.ts';

/** Options of `heartbeat()`. */
export interface HeartbeatOptions extends CommonRuleOptions {
  /** How long at most from one beat to the next. */
  readonly every: Duration;
  /**
   * How late a beat may be: for a job that takes longer some days.
   * @default a tenth of `every`
   */
  readonly grace?: Duration | undefined;
  /**
   * How long beats must come in time before the alert is resolved.
   * @default 0: the first beat ends it
   */
  readonly keepFiringFor?: Duration | undefined;
  /** @default 'high' */
  readonly severity?: Severity | undefined;
}

/** State of a {@link heartbeat} rule. */
interface HeartbeatState {
  readonly startedMs: number;
  /** The latest beat. */
  readonly lastMs: number | null;
}

/** A {@link heartbeat} rule. */
export type HeartbeatRule = Rule<HeartbeatState> & { readonly kind: 'heartbeat' };

/**
 * Alerts when something has not happened: no `alerts.beat(name)` for longer than `every` and `grace`,
 * from whichever replica. Before the first beat it is `no-data`, until `every` and `grace` have passed
 * since it was first set up: a job that never ran is an alert too.
 *
 * @throws InvalidOptionsError naming every wrong option.
 */
export function heartbeat(options: HeartbeatOptions): HeartbeatRule {
  const parsed = parseOptions(heartbeatSchema, options, {
    of: 'heartbeat',
    redact: redactSecrets,
  });
  const { every: everyMs, severity = 'high' } = parsed;
  const graceMs = parsed.grace ?? everyMs / 10;
  const { seriesOf: _, ...common } = commonRule(parsed, { keepFiringForMs: 0 });
  return Object.freeze<HeartbeatRule>({
    kind: 'heartbeat',
    severities: Object.freeze([severity]),
    ...common,
    announcesEnd: true,
    lookbackMs: everyMs + graceMs,
    startsAlone: true,
    keyOf: (event, rule) => (event.type === 'beat' && event.rule === rule ? '' : undefined),
    init: (atMs) => ({ startedMs: atMs, lastMs: null }),
    isState: isHeartbeatState,
    on: (state, { atMs }) => ({ ...state, lastMs: Math.max(state.lastMs ?? -Infinity, atMs) }),
    evaluate: (state, nowMs) => judge(state, nowMs, { everyMs, graceMs, severity }),
  });
}

interface Settings {
  readonly everyMs: number;
  readonly graceMs: number;
  readonly severity: Severity;
}

function judge(state: HeartbeatState, nowMs: number, settings: Settings): Verdict {
  const { everyMs, graceMs, severity } = settings;
  const { startedMs, lastMs } = state;
  const sinceMs = lastMs ?? startedMs;
  const lateMs = sinceMs + everyMs + graceMs;
  const ago = formatDuration(Math.max(0, nowMs - sinceMs));
  const due = `every ${formatDuration(everyMs)} with ${formatDuration(graceMs)} of grace`;
  const found =
    lastMs === null ? `no beat since the start ${ago} ago` : `the last beat came ${ago} ago`;
  const facts = { value: null, limit: null } as const;
  if (nowMs >= lateMs) {
    const why = `${found}, expected ${due}`;
    return { status: 'breach', severity, ...facts, why, nextMs: undefined };
  }
  const why = `${found}, in time for one ${due}`;
  return { status: lastMs === null ? 'no-data' : 'clear', ...facts, why, nextMs: lateMs };
}

function isHeartbeatState(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { startedMs, lastMs } = value as Partial<HeartbeatState>;
  return Number.isFinite(startedMs) && (lastMs === null || Number.isFinite(lastMs));
}

/** Exported for the test that holds it equal to {@link HeartbeatOptions}. */
export const heartbeatSchema: z.ZodObject<
  {
    every: z.ZodType<number, Duration>;
    grace: z.ZodOptional<z.ZodType<number, Duration>>;
    severity: z.ZodOptional<z.ZodType<Severity, Severity>>;
  } & typeof commonParts,
  z.core.$strict
> = z.strictObject({
  every: durationMs({ isMinExcluded: true, maxMs: Number.MAX_SAFE_INTEGER }),
  grace: durationMs({ maxMs: Number.MAX_SAFE_INTEGER }).optional(),
  severity: severityPart,
  ...commonParts,
});
