import { type Alert, SEVERITIES } from './alert.ts';
import type { Json } from './channel.ts';
import { formatDuration } from './format-duration.ts';
import { advance, type Lifecycle, nextStepMs } from './lifecycle.ts';
import type { RuleEvent, Verdict } from './rule.ts';
import type { Series, SeriesContext, SeriesResult, SeriesStep } from './series.ts';
import { changedAlert, endedAlert, newAlert } from './series-alert.ts';

/** One series on its way through time. Lives for one call of `stepSeries`. */
export interface Walk {
  /** Makes every step that is due by then. */
  catchUp(untilMs: number): void;
  /** The event comes now, or came earlier. */
  take(event: RuleEvent): void;
  end(nowMs: number): Omit<SeriesResult, 'fault'>;
}

/**
 * Steps at one moment. The longest honest way has 2; an own rule whose verdicts do not settle must
 * not hang the app.
 */
const MAX_STEP_COUNT = 4;

/**
 * Looks at due moments between two events. A ring of 60 buckets that empties has 61; a series that
 * was left alone for longer is looked at once more, at the end, which its rule must be able to bear.
 */
const MAX_LOOK_COUNT = 256;

export function createWalk(series: Series, context: SeriesContext): Walk {
  const { rule } = context;
  const steps: SeriesStep[] = [];
  let { life, alert, touchedAtMs: atMs } = series;
  let state: unknown = series.state;
  let verdict = soundVerdict(rule.evaluate(state, atMs), context);

  function dueMs(): number | undefined {
    const nextMs = nextStepMs(life, verdict, rule);
    // A rule that announces the past must not stop the walk.
    return nextMs === undefined ? undefined : Math.max(Math.ceil(nextMs), atMs + 1);
  }

  /** @param isNow false for a moment that has passed unseen: it is no sign that the app was alive then. */
  function look(nowMs: number, isNow: boolean): void {
    atMs = Math.max(atMs, nowMs);
    if (isNow) state = rule.tick?.(state, atMs) ?? state;
    verdict = soundVerdict(rule.evaluate(state, atMs), context);
    for (let count = 0; count < MAX_STEP_COUNT; count += 1) {
      const next = advance(life, verdict, atMs, rule);
      if (next === life) return;
      const before = life;
      life = next;
      if (before.state !== next.state || isRise(before, next)) step(before, next);
    }
  }

  function step(before: Lifecycle, next: Lifecycle): void {
    const told = alertAfter(before, next);
    alert = next.state === 'firing' || next.state === 'recovering' ? told : null;
    steps.push({
      from: before.state,
      to: next.state,
      alert: told,
      atMs,
      isRise: isRise(before, next),
    });
  }

  /** Null where there was none before and is none now. */
  function alertAfter(before: Lifecycle, next: Lifecycle): Alert | null {
    if (next.state === 'firing' && alert === null) {
      const { epoch, severity } = next;
      const reason = withWait(verdict.why, 'for', before.state === 'pending' ? rule.forMs : 0);
      return newAlert(series, context, { epoch, severity, atMs }, verdict, reason);
    }
    if (alert === null) return null;
    if (next.state === 'firing' || next.state === 'recovering') {
      const { state: to, severity } = next;
      const samples = isRise(before, next) ? context.samples() : alert.samples;
      return changedAlert(alert, { state: to, severity, samples }, verdict);
    }
    const reason = withWait(verdict.why, 'clear for', rule.keepFiringForMs);
    return endedAlert(alert, atMs, reason, verdict);
  }

  return {
    catchUp(untilMs) {
      for (let count = 0; count < MAX_LOOK_COUNT; count += 1) {
        const due = dueMs();
        if (due === undefined || due > untilMs) return;
        look(due, false);
      }
      look(untilMs, true);
    },
    take(event) {
      state = rule.on(state, event);
      look(event.atMs, true);
    },
    end(nowMs) {
      look(nowMs, true);
      const isStale = alert !== null && alert.reason !== verdict.why;
      if (alert !== null && isStale) alert = changedAlert(alert, { state: alert.state }, verdict);
      return {
        series: { ...series, state: state as Json, life, alert, touchedAtMs: atMs },
        steps,
        verdict,
        dueAtMs: dueMs(),
      };
    },
  };
}

function isRise(before: Lifecycle, next: Lifecycle): boolean {
  return next.state === 'firing' && 'severity' in before && before.severity !== next.severity;
}

function withWait(why: string, word: string, waitMs: number): string {
  return waitMs > 0 ? `${why} (${word} ${formatDuration(waitMs)})` : why;
}

const STATUSES: readonly string[] = ['breach', 'holding', 'clear', 'no-data'];

/** An own rule that answers nonsense would otherwise keep an alert for ever, or never have one. */
function soundVerdict(verdict: Verdict, { name }: SeriesContext): Verdict {
  const { status, nextMs, why } = verdict;
  const isSound =
    STATUSES.includes(status) &&
    typeof why === 'string' &&
    (nextMs === undefined || Number.isFinite(nextMs)) &&
    (verdict.status !== 'breach' || SEVERITIES.includes(verdict.severity));
  if (isSound) return verdict;
  const facts = `status ${status}, nextMs ${nextMs}`;
  throw new TypeError(`Rule '${name}' gave a verdict that is none: ${facts}`);
}
