import { randomUUID } from 'node:crypto';
import type { Clock } from '@ops/timeout';
import { type Alarm, createAlarm } from './alarm.ts';
import type { AlertState, ErrorSample, Severity } from './alert.ts';
import { formatDuration } from './format-duration.ts';
import { advance, type Lifecycle, NEVER_FIRED, nextStepMs } from './lifecycle.ts';
import type { Rule, Verdict } from './rule.ts';

/** One rule at work: feeds it, moves its alert along, and wakes up when time alone changes it. */
export interface RuleTracker {
  /** An error came. */
  record(nowMs: number): void;
  /** Makes every step that was due by now, each as of the moment it was due. */
  catchUp(nowMs: number): void;
  /** The alert, if there is one. */
  current(nowMs: number): Occurrence | undefined;
  /** Makes what is due by now, and no step after that. */
  stop(nowMs: number): void;
}

/** What one alert of a rule is, from its crossing on. */
export interface Occurrence {
  readonly id: string;
  readonly epoch: number;
  readonly state: AlertState;
  readonly severity: Severity;
  /** Wall-clock milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly reason: string;
  readonly samples: readonly ErrorSample[];
}

/** One step of the life of an alert, told after it was made. */
export interface Step {
  readonly from: { readonly state: AlertState; readonly severity: Severity | undefined };
  readonly occurrence: Occurrence;
}

export interface RuleTrackerOptions {
  readonly rule: Rule;
  readonly clock: Clock;
  /** See `steadyTime`. */
  readonly time: () => number;
  readonly samples: (sinceMs: number) => readonly ErrorSample[];
  readonly onStep: (step: Step) => void;
  /** Called by the timer, where nobody else would catch. */
  readonly onFault: (error: unknown) => void;
}

/** A rule whose state never settles must not hang the app. The longest honest way has 3 steps. */
const MAX_STEPS = 8;

export function createRuleTracker(options: RuleTrackerOptions): RuleTracker {
  const { rule, clock, time, onStep, onFault } = options;
  const { keepFiringForMs, lookbackMs } = rule;
  let state = rule.init();
  let life: Lifecycle = NEVER_FIRED;
  let alert: { id: string; startedAt: number; samples: readonly ErrorSample[] } | undefined;
  let dueMs: number | undefined;
  const untold: Step[] = [];
  let isTelling = false;

  const alarm: Alarm = createAlarm(clock, time, () => {
    try {
      catchUp(time());
    } catch (error) {
      onFault(error);
    }
  });

  /** Everything is in place before anybody is told: whoever is told may report an error in turn. */
  function settle(nowMs: number): void {
    let verdict = rule.evaluate(state, nowMs);
    for (let count = 0; count < MAX_STEPS; count += 1) {
      const before = life;
      life = advance(before, verdict, nowMs, keepFiringForMs);
      if (life === before) break;
      untold.push(stepFrom(before, verdict, nowMs));
      verdict = rule.evaluate(state, nowMs);
    }
    dueMs = nextStepMs(life, verdict, keepFiringForMs);
    if (dueMs === undefined) alarm.clear();
    else alarm.set(dueMs);
    tell();
  }

  /** In the order in which they were made, also when whoever is told of one causes the next. */
  function tell(): void {
    if (isTelling) return;
    isTelling = true;
    try {
      for (let step = untold.shift(); step !== undefined; step = untold.shift()) onStep(step);
    } finally {
      isTelling = false;
    }
  }

  function stepFrom(before: Lifecycle, verdict: Verdict, nowMs: number): Step {
    const severityBefore = before.state === 'ok' ? undefined : before.severity;
    if (before.state === 'ok') {
      alert = { id: randomUUID(), startedAt: clock.now(), samples: [] };
    }
    const isWorse = life.state === 'firing' && life.severity !== severityBefore;
    if (alert && isWorse) alert = { ...alert, samples: options.samples(nowMs - lookbackMs) };
    const occurrence = occurrenceOf(before, verdict, nowMs);
    if (life.state === 'ok') alert = undefined;
    return { from: { state: before.state, severity: severityBefore }, occurrence };
  }

  /** @param before where the alert was, for what an ended one no longer has. */
  function occurrenceOf(before: Lifecycle, verdict: Verdict, nowMs: number): Occurrence {
    const at = life.state === 'ok' ? before : life;
    if (at.state === 'ok' || alert === undefined) throw new Error('There is no alert to describe');
    const { id, startedAt, samples } = alert;
    const { epoch, severity, startedMs } = at;
    const hasEnded = life.state === 'ok';
    const waited = hasEnded && keepFiringForMs > 0 ? ` for ${formatDuration(keepFiringForMs)}` : '';
    return {
      id,
      epoch,
      state: life.state,
      severity,
      startedAt,
      endedAt: hasEnded ? startedAt + Math.round(nowMs - startedMs) : null,
      reason: verdict.why + waited,
      samples,
    };
  }

  function catchUp(nowMs: number): void {
    for (let count = 0; count < MAX_STEPS; count += 1) {
      if (dueMs === undefined) return;
      if (dueMs > nowMs) {
        alarm.set(dueMs);
        return;
      }
      settle(dueMs);
    }
  }

  return {
    catchUp,
    record(nowMs) {
      catchUp(nowMs);
      state = rule.on(state, { atMs: nowMs });
      settle(nowMs);
    },
    current(nowMs) {
      catchUp(nowMs);
      return life.state === 'ok'
        ? undefined
        : occurrenceOf(life, rule.evaluate(state, nowMs), nowMs);
    },
    stop(nowMs) {
      try {
        catchUp(nowMs);
      } catch (error) {
        onFault(error);
      }
      dueMs = undefined;
      alarm.clear();
    },
  };
}
