/**
 * The life of a series' alerts.
 *
 *   ok ◀──▶ no-data
 *    │ breach                                          breach for `for`
 *    ├────────────▶ pending ──────────────────────────────────┐
 *    │                 └─ anything else: back to ok or no-data │
 *    │                                                        ▼
 *   ok ◀── clear for keepFiringFor ── recovering ◀──clear── firing
 *                                         │                  ▲ │
 *                                         └─ anything else ──┘ └─ worse breach: severity rises
 *
 * With `for` 0 a breach fires at once, with `keepFiringFor` 0 a clear ends at once. Both wait as
 * Prometheus does: from the first evaluation that finds the condition there (gone) to the first at
 * which at least that much time has passed, and any evaluation in between that finds it gone (there)
 * starts the wait anew. `holding` and `no-data` neither start an alert nor end one.
 *
 * Unlike in Prometheus, an alert that fires goes on firing when a new version of the app has a longer
 * `for`: people were told, and replicas of both versions would take turns undoing each other's step.
 *
 * Severity never falls while the alert lasts: each fall and rise would be one more notification.
 */
import { isWorse, SEVERITIES, type Severity } from './alert.ts';
import type { Verdict } from './rule.ts';

/** Plain JSON. Times are the store's. */
export type Lifecycle =
  | {
      readonly state: 'ok' | 'no-data';
      /** How many alerts there have been. */
      readonly epoch: number;
      /** The last alert was ended by hand at this severity, and the condition has not cleared since. */
      readonly dismissed?: Severity | undefined;
    }
  | { readonly state: 'pending'; readonly epoch: number; readonly sinceMs: number }
  | ({ readonly state: 'firing' } & Occurrence)
  | ({ readonly state: 'recovering'; readonly clearSinceMs: number } & Occurrence);

interface Occurrence {
  readonly epoch: number;
  readonly severity: Severity;
  /** When it fired. */
  readonly startedMs: number;
}

/** How long a series waits, as its rule says. */
export interface Waits {
  readonly forMs: number;
  readonly keepFiringForMs: number;
}

export const NEVER_FIRED: Lifecycle = Object.freeze({ state: 'ok', epoch: 0 });

/** Makes at most one step; returns the same object when there is none to make. */
export function advance(life: Lifecycle, verdict: Verdict, nowMs: number, waits: Waits): Lifecycle {
  if (life.state === 'firing' || life.state === 'recovering') {
    return advanceAlert(life, verdict, nowMs, waits);
  }
  if (life.state !== 'pending') return advanceQuiet(life, verdict, nowMs, waits);
  if (verdict.status !== 'breach') return quiet(verdict, life.epoch);
  const isOver = life.sinceMs + waits.forMs <= nowMs;
  return isOver ? fired(life.epoch, verdict.severity, nowMs) : life;
}

function advanceQuiet(
  life: Lifecycle & { state: 'ok' | 'no-data' },
  verdict: Verdict,
  nowMs: number,
  { forMs }: Waits,
): Lifecycle {
  const { epoch, dismissed } = life;
  if (verdict.status === 'breach') {
    // The end was told by somebody who knew of this condition: it is no news before it gets worse.
    const isKnown = dismissed !== undefined && !isWorse(verdict.severity, dismissed);
    if (isKnown) return life.state === 'ok' ? life : { ...life, state: 'ok' };
    if (forMs > 0) return { state: 'pending', epoch, sinceMs: nowMs };
    return fired(epoch, verdict.severity, nowMs);
  }
  const next = quiet(verdict, epoch, verdict.status === 'clear' ? undefined : dismissed);
  const isSame = next.state === life.state && next.dismissed === dismissed;
  return isSame ? life : next;
}

function advanceAlert(
  life: Lifecycle & { state: 'firing' | 'recovering' },
  verdict: Verdict,
  nowMs: number,
  { keepFiringForMs }: Waits,
): Lifecycle {
  const { epoch, severity, startedMs } = life;
  if (verdict.status === 'clear') {
    const clearSinceMs = life.state === 'recovering' ? life.clearSinceMs : nowMs;
    if (clearSinceMs + keepFiringForMs <= nowMs) return { state: 'ok', epoch };
    if (life.state === 'recovering') return life;
    return { state: 'recovering', epoch, severity, startedMs, clearSinceMs };
  }
  const isRise = verdict.status === 'breach' && isWorse(verdict.severity, severity);
  if (life.state === 'firing' && !isRise) return life;
  return { state: 'firing', epoch, severity: isRise ? verdict.severity : severity, startedMs };
}

function fired(epoch: number, severity: Severity, startedMs: number): Lifecycle {
  return { state: 'firing', epoch: epoch + 1, severity, startedMs };
}

function quiet(
  verdict: Verdict,
  epoch: number,
  dismissed?: Severity,
): Lifecycle & { state: 'ok' | 'no-data' } {
  const state = verdict.status === 'no-data' ? 'no-data' : 'ok';
  return dismissed === undefined ? { state, epoch } : { state, epoch, dismissed };
}

/** When the next step may be due if no event comes; undefined when only an event can cause one. */
export function nextStepMs(life: Lifecycle, verdict: Verdict, waits: Waits): number | undefined {
  const { nextMs } = verdict;
  const waitMs =
    life.state === 'pending'
      ? life.sinceMs + waits.forMs
      : life.state === 'recovering'
        ? life.clearSinceMs + waits.keepFiringForMs
        : undefined;
  if (waitMs === undefined || nextMs === undefined) return waitMs ?? nextMs;
  return Math.min(waitMs, nextMs);
}

/** After somebody ended the alert by hand: it does not fire again before the condition has cleared, or got worse. */
export function dismiss(life: Lifecycle): Lifecycle {
  if (life.state !== 'firing' && life.state !== 'recovering') return life;
  return { state: 'ok', epoch: life.epoch, dismissed: life.severity };
}

/** Whether a stored value is one: another version of the package may have written it. */
export function isLifecycle(value: unknown): value is Lifecycle {
  if (typeof value !== 'object' || value === null) return false;
  const life = value as Partial<Record<string, unknown>>;
  const isTime = (name: string): boolean => Number.isFinite(life[name]);
  const isSeverity = (name: string): boolean => SEVERITIES.includes(life[name] as Severity);
  if (!Number.isSafeInteger(life['epoch']) || Number(life['epoch']) < 0) return false;
  switch (life['state']) {
    case 'ok':
    case 'no-data':
      return life['dismissed'] === undefined || isSeverity('dismissed');
    case 'pending':
      return isTime('sinceMs');
    case 'firing':
      return isSeverity('severity') && isTime('startedMs');
    case 'recovering':
      return isSeverity('severity') && isTime('startedMs') && isTime('clearSinceMs');
    default:
      return false;
  }
}
