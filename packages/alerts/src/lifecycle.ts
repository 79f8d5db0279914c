/**
 * The life of a rule's alerts.
 *
 *   ok ──breach──▶ firing ──clear──▶ recovering ──clear for keepFiringFor──▶ ok
 *                   ▲  │                 │
 *                   │  └─ higher breach: severity rises, state stays
 *                   └────── breach or holding: the wait starts anew next time
 *
 * With `keepFiringFor` 0, firing goes to ok at once. The waiting follows Prometheus'
 * `keep_firing_for`: it starts at the first evaluation that finds the condition gone, ends when at
 * least that much time has passed, and any evaluation that finds the condition back cancels it.
 * Severity never falls while the alert lasts: each fall and rise would be one more notification.
 */
import { SEVERITIES, type Severity } from './alert.ts';
import type { Verdict } from './rule.ts';

/** Plain JSON. Times are on the engine's own scale, not the wall clock's. */
export type Lifecycle =
  | { readonly state: 'ok'; readonly epoch: number }
  | ({ readonly state: 'firing' } & Occurrence)
  | ({ readonly state: 'recovering'; readonly clearSinceMs: number } & Occurrence);

interface Occurrence {
  readonly epoch: number;
  readonly severity: Severity;
  readonly startedMs: number;
}

export const NEVER_FIRED: Lifecycle = { state: 'ok', epoch: 0 };

/** Makes at most one step; returns the same object when there is none to make. */
export function advance(
  life: Lifecycle,
  verdict: Verdict,
  nowMs: number,
  keepFiringForMs: number,
): Lifecycle {
  if (life.state === 'ok') {
    if (verdict.status !== 'breach') return life;
    const { severity } = verdict;
    return { state: 'firing', epoch: life.epoch + 1, severity, startedMs: nowMs };
  }
  const { epoch, severity, startedMs } = life;
  if (verdict.status === 'clear') {
    const clearSinceMs = life.state === 'recovering' ? life.clearSinceMs : nowMs;
    if (clearSinceMs + keepFiringForMs <= nowMs) return { state: 'ok', epoch };
    if (life.state === 'recovering') return life;
    return { state: 'recovering', epoch, severity, startedMs, clearSinceMs };
  }
  if (life.state === 'recovering') return { state: 'firing', epoch, severity, startedMs };
  if (verdict.status === 'breach' && isWorse(verdict.severity, severity)) {
    return { ...life, severity: verdict.severity };
  }
  return life;
}

/** When the next step is due if no event comes; undefined when only an event can cause one. */
export function nextStepMs(
  life: Lifecycle,
  verdict: Verdict,
  keepFiringForMs: number,
): number | undefined {
  if (life.state === 'ok') return undefined;
  return life.state === 'firing' ? verdict.clearsAtMs : life.clearSinceMs + keepFiringForMs;
}

function isWorse(one: Severity, other: Severity): boolean {
  return SEVERITIES.indexOf(one) > SEVERITIES.indexOf(other);
}
