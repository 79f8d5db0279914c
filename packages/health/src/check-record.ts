import type { Clock } from '@ops/timeout';
import type { CheckSettings } from './check-settings.ts';
import { createDamping } from './damping.ts';
import { createHistory, type Sample } from './history.ts';
import type { Reading } from './reading.ts';
import type { Standing, Status } from './status.ts';

/** Results since the health object was made, by what the check itself came to. */
export interface ResultTotals {
  readonly pass: number;
  readonly warn: number;
  readonly fail: number;
  /** Time that these attempts took altogether, in milliseconds. */
  readonly durationMs: number;
}

/** A reading, and when it was known. */
interface Result extends Reading {
  /** After damping and `critical`. */
  readonly shown: Status;
  readonly time: Date;
  readonly durationMs: number;
}

/** The results of one check, and what follows from them. */
export interface CheckRecord {
  readonly latest: Result | undefined;
  /** When the latest result was known, on the monotonic clock; `-Infinity` before the first. */
  readonly at: number;
  /** The same, of the latest attempt's first result: further ones do not put off the next attempt. */
  readonly attemptAt: number;
  /** Whether the latest result is older than `maxStale`. */
  isOld(): boolean;
  /** Since when it shows what it shows, by the wall clock. */
  since(isStale: boolean): Date;
  readonly lastPass: Date | undefined;
  readonly totals: ResultTotals;
  readonly consecutiveFailures: number;
  readonly consecutivePasses: number;
  history(): readonly Sample[];
  /** @param isAgain the same attempt gave a result before, so it is not counted as another. */
  add(reading: Reading, startedAt: number, isAgain: boolean): void;
}

/** As a failure shows itself: that of a check that is not critical is a warning. */
export function failureOf(settings: CheckSettings, code: Standing['code']): Standing {
  return { status: settings.critical ? 'fail' : 'warn', code };
}

export function createCheckRecord(settings: CheckSettings, clock: Clock): CheckRecord {
  const { maxStaleMs, schedule, critical } = settings;
  const damping = createDamping(settings);
  const history = createHistory(maxStaleMs);
  let latest: Result | undefined;
  let at = -Infinity;
  let attemptAt = -Infinity;
  let since = new Date(clock.now());
  let lastPass: Date | undefined;
  const totals = { pass: 0, warn: 0, fail: 0, durationMs: 0 };

  const isOld = (): boolean => latest !== undefined && clock.monotonic() - at > maxStaleMs;

  /** What was shown until now. Nobody promised that a check without a schedule would be looked at. */
  function shownBefore(): Status | undefined {
    return schedule !== undefined && isOld() ? failureOf(settings, 'stale').status : latest?.shown;
  }

  function add(reading: Reading, startedAt: number, isAgain: boolean): void {
    const before = shownBefore();
    const time = new Date(clock.now());
    const damped = damping.add(reading.status);
    const shown = damped === 'fail' && !critical ? 'warn' : damped;
    at = clock.monotonic();
    latest = { ...reading, shown, time, durationMs: at - startedAt };
    if (before !== shown) since = time;
    if (reading.status === 'pass') lastPass = time;
    if (!isAgain) {
      attemptAt = at;
      totals[reading.status] += 1;
      totals.durationMs += latest.durationMs;
    }
    history.add(at, shown, reading.code);
  }

  return {
    get latest() {
      return latest;
    },
    get at() {
      return at;
    },
    get attemptAt() {
      return attemptAt;
    },
    isOld,
    since: (isStale) =>
      isStale && latest !== undefined ? new Date(latest.time.getTime() + maxStaleMs) : since,
    get lastPass() {
      return lastPass;
    },
    get totals() {
      return { ...totals };
    },
    get consecutiveFailures() {
      return damping.consecutiveFailures;
    },
    get consecutivePasses() {
      return damping.consecutivePasses;
    },
    history: () => history.samples(clock.monotonic(), clock.now()),
    add,
  };
}
