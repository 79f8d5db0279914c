import type { Alert } from './alert.ts';
import type { Json } from './channel.ts';
import { isLifecycle, type Lifecycle, NEVER_FIRED } from './lifecycle.ts';
import type { Series, SeriesContext } from './series.ts';

/**
 * How far a series may be ahead of the store's clock. Replicas and a new primary are seconds apart at
 * most; more means that the clock was set back, and counts and waits from the future would then hold
 * alerts, or hold them up, for as long as it was set back.
 */
const MAX_AHEAD_MS = 60_000;

/**
 * The series as it can be gone on with. A state that is not one of this rule's is made anew, the
 * alert kept; a life that is none of ours is made anew under another `born`, for its alerts' ids must
 * not be given again.
 */
export function soundSeries(
  series: Series,
  { rule, name }: SeriesContext,
  nowMs: number,
): { readonly series: Series; readonly fault: unknown } {
  const begin = (): Json => rule.init(nowMs) as Json;
  const reason = brokenBy(series);
  if (reason !== undefined) {
    const { key } = series as { key: unknown };
    const anew: Series = {
      rule: name,
      kind: rule.kind,
      key: typeof key === 'string' ? key : '',
      born: nowMs.toString(36).slice(-4),
      state: begin(),
      life: NEVER_FIRED,
      alert: null,
      touchedAtMs: nowMs,
    };
    return { series: anew, fault: faultOf(name, reason) };
  }
  if (series.touchedAtMs > nowMs + MAX_AHEAD_MS) {
    const aheadMs = series.touchedAtMs - nowMs;
    const life = notAfter(series.life, nowMs);
    return {
      series: { ...series, kind: rule.kind, state: begin(), life, touchedAtMs: nowMs },
      fault: faultOf(name, `it is ${aheadMs} ms ahead of the store's clock`),
    };
  }
  const isKnown = series.kind === rule.kind && (rule.isState?.(series.state) ?? true);
  if (isKnown) return { series, fault: undefined };
  return {
    series: { ...series, kind: rule.kind, state: begin() },
    fault: faultOf(name, `its state is none of ${rule.kind}`),
  };
}

function faultOf(name: string, reason: string): Error {
  return new Error(`A series of rule '${name}' begins anew: ${reason}`);
}

/** Why nothing of it can be kept; undefined when it can. */
function brokenBy(series: Partial<Series>): string | undefined {
  const { key, born, life, alert, touchedAtMs } = series;
  if (typeof key !== 'string' || typeof born !== 'string') return 'it has no name';
  if (!Number.isSafeInteger(touchedAtMs)) return 'its time is no number';
  if (!isLifecycle(life)) return 'its life is none';
  const isAlert = life.state === 'firing' || life.state === 'recovering';
  if (isAlert ? isSoundAlert(alert) : alert === null) return undefined;
  return isAlert ? 'it fires without an alert' : 'it has an alert and does not fire';
}

function isSoundAlert(alert: unknown): boolean {
  if (typeof alert !== 'object' || alert === null) return false;
  const { id, startedAt, severity, samples } = alert as Partial<Alert>;
  return [id, startedAt, severity].every((it) => typeof it === 'string') && Array.isArray(samples);
}

/** Waits that began in the future begin now. */
function notAfter(life: Lifecycle, nowMs: number): Lifecycle {
  const before = (ms: number): number => Math.min(ms, nowMs);
  if (life.state === 'pending') return { ...life, sinceMs: before(life.sinceMs) };
  if (life.state === 'firing') return { ...life, startedMs: before(life.startedMs) };
  if (life.state !== 'recovering') return life;
  const { startedMs, clearSinceMs } = life;
  return { ...life, startedMs: before(startedMs), clearSinceMs: before(clearSinceMs) };
}
