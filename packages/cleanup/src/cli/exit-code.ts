import type { StopReason } from '../report.ts';

/** What the program ends with; 130 and 143 after SIGINT and SIGTERM. */
export const EXIT = {
  /** Nothing is left to be done, or found. */
  ok: 0,
  failed: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** More may be left: a budget, a throttle, another runner, rows that could not be deleted. */
  remains: 3,
  /** A policy was not touched, or would not be. */
  refused: 4,
} as const;

const BY_REASON: Readonly<Record<StopReason, number>> = {
  drained: EXIT.ok,
  'budget-rows': EXIT.remains,
  'budget-time': EXIT.remains,
  aborted: EXIT.remains,
  stopped: EXIT.remains,
  throttled: EXIT.remains,
  busy: EXIT.remains,
  blocked: EXIT.remains,
  fenced: EXIT.failed,
  refused: EXIT.refused,
  failed: EXIT.failed,
};

/** Of all policies together: what failed counts before what was refused, and that before what remains. */
export function exitCodeOf(reasons: readonly StopReason[]): number {
  const codes = new Set(reasons.map((reason) => BY_REASON[reason]));
  return [EXIT.failed, EXIT.refused, EXIT.remains].find((code) => codes.has(code)) ?? EXIT.ok;
}
