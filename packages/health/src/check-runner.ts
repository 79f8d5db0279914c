/**
 * One check and its attempts.
 *
 *   idle ──start──▶ running ──settles in time──▶ idle, with its result
 *                      └──time limit──▶ overdue (fail, timeout) ──settles──▶ idle, result dropped
 *
 * While running or overdue nothing is started: a check that never settles is called once. A result
 * that comes after the limit is never used, or the status would flap with every attempt of a
 * dependency that needs 2 s under a limit of 1 s. An overdue attempt gives another `timeout` when
 * the next attempt would have been due, or `failAfter` would hide a check that hangs for good.
 */
import { type Clock, TimeoutError, type Timer } from '@ops/timeout';
import type { CheckContext } from './check.ts';
import { type CheckRecord, createCheckRecord, failureOf } from './check-record.ts';
import type { CheckSettings } from './check-settings.ts';
import { type Reading, readFailure, readOutcome } from './reading.ts';
import type { Redactor } from './redact.ts';
import { createSchedule } from './schedule.ts';
import type { Standing } from './status.ts';

interface Attempt {
  readonly startedAt: number;
  readonly controller: AbortController;
  /** Resolves when there is a result, the limit is reached, or the runner is stopped. */
  readonly verdict: Promise<void>;
  readonly announce: () => void;
  timer: Timer | undefined;
  isOverdue: boolean;
}

/** What runs a check needs besides its settings. */
export interface RunnerEnvironment {
  readonly clock: Clock;
  readonly random: () => number;
  readonly redact: Redactor;
  /** Calls back outside of any request's async context. */
  readonly outside: (callback: () => void) => void;
  readonly onStart: () => void;
  /** There is a result, or an attempt has settled too late to be one. */
  readonly onEnd: () => void;
}

/** Runs one check. */
export interface CheckRunner {
  readonly settings: CheckSettings;
  readonly record: CheckRecord;
  /** Begins the schedule, if there is one. Once. */
  start(): void;
  /**
   * Starts an attempt unless a schedule does, one is outstanding, or the result is young enough.
   * Given the monotonic time, since reading it once for every check would be most of a probe's cost.
   */
  refresh(nowMs: number): void;
  /** When its last result will be too old, on the monotonic clock; `Infinity` when it will not. */
  oldFromMs(): number;
  /** What a probe has to wait for, since there is nothing that may be shown. */
  needed(): Promise<void> | undefined;
  /** The outstanding attempt's verdict; keeps the process alive until then. */
  held(): Promise<void> | undefined;
  isRunning(): boolean;
  /** Whether its last result is too old to be believed. */
  isStale(): boolean;
  /** What the check itself has come to: before damping and `critical`. */
  reading(): Reading;
  /** What is shown. */
  standing(): Standing;
  /**
   * What listeners are told: as `standing`, but growing old is no news of a check that runs only
   * when asked. `undefined` before the first result.
   */
  told(): Standing | undefined;
  /** Aborts the outstanding attempt without a result; nothing is started any more. */
  stop(): void;
}

const NOT_RUN: Reading = { status: 'fail', code: 'not_run', measurements: [] };
const TIMED_OUT: Reading = { status: 'fail', code: 'timeout', measurements: [] };
const STALE: Reading = { status: 'fail', code: 'stale', measurements: [] };

export function createCheckRunner(
  settings: CheckSettings,
  environment: RunnerEnvironment,
): CheckRunner {
  const { name, timeoutMs, ttlMs } = settings;
  const { clock, random, redact, outside, onStart, onEnd } = environment;
  const record = createCheckRecord(settings, clock);
  const schedule =
    settings.schedule && createSchedule(settings.schedule, clock, random, () => next());
  const notRun = failureOf(settings, 'not_run');
  const stale = failureOf(settings, 'stale');
  let attempt: Attempt | undefined;
  let attemptCount = 0;
  let isStopped = false;

  /** What an attempt that hangs has come to is known however long it takes. */
  const isStale = (): boolean => attempt?.isOverdue !== true && record.isOld();
  const latestShown = (): Standing | undefined =>
    record.latest && { status: record.latest.shown, code: record.latest.code };

  /** An attempt is due. */
  function next(): void {
    if (isStopped) return;
    if (attempt === undefined) outside(begin);
    else if (attempt.isOverdue) conclude(attempt, overdueReading(attempt), true);
  }

  function begin(): void {
    attemptCount += 1;
    const started = createAttempt(clock.monotonic());
    // Before the check is called: it may ask for a report, or for itself.
    attempt = started;
    const { signal } = started.controller;
    started.timer = clock.setTimeout(() => {
      expire(started);
    }, timeoutMs);
    if (typeof started.timer === 'object') started.timer.unref?.();
    onStart();
    void follow(started, { signal, name, attempt: attemptCount, timeoutMs });
  }

  /** Calls the check at once, and is done when the check has settled, however late. */
  async function follow(started: Attempt, context: CheckContext): Promise<void> {
    let toReading: () => Reading;
    try {
      const outcome: unknown = await settings.run(context);
      toReading = () => readOutcome(outcome, redact);
    } catch (thrown) {
      toReading = () => readFailure(thrown, redact);
    }
    settle(started, toReading);
  }

  function settle(settled: Attempt, toReading: () => Reading): void {
    if (settled !== attempt) return;
    // A blocked event loop lets a result come before the timer that was due.
    if (!settled.isOverdue && clock.monotonic() - settled.startedAt >= timeoutMs) expire(settled);
    const isLate = settled.isOverdue;
    finish(settled);
    if (isLate) onEnd();
    else conclude(settled, toReading(), false);
  }

  function expire(overdue: Attempt): void {
    if (overdue !== attempt || overdue.isOverdue) return;
    overdue.isOverdue = true;
    const error = new TimeoutError('attempt', timeoutMs);
    conclude(overdue, { ...TIMED_OUT, message: error.message }, false);
    overdue.controller.abort(error);
  }

  function conclude(concluded: Attempt, reading: Reading, isAgain: boolean): void {
    record.add(reading, concluded.startedAt, isAgain);
    onEnd();
    concluded.announce();
  }

  function overdueReading({ startedAt }: Attempt): Reading {
    const forMs = Math.round(clock.monotonic() - startedAt);
    const message = `No result within ${timeoutMs} ms; running for ${forMs} ms now, and not started again before it settles`;
    return { ...TIMED_OUT, message };
  }

  function finish(finished: Attempt): void {
    if (finished.timer !== undefined) clock.clearTimeout(finished.timer);
    attempt = undefined;
  }

  const runner: CheckRunner = {
    settings,
    record,
    start: () => {
      if (!isStopped && schedule !== undefined) outside(schedule.start);
    },
    refresh: (nowMs) => {
      if (schedule !== undefined) return;
      const sinceMs = attempt === undefined ? record.attemptAt : record.at;
      if (nowMs - sinceMs >= ttlMs) next();
    },
    oldFromMs: () =>
      record.latest === undefined || attempt?.isOverdue === true || record.isOld()
        ? Infinity
        : record.at + settings.maxStaleMs,
    needed: () => {
      if (attempt === undefined || attempt.isOverdue) return undefined;
      const isWaitedFor = record.latest === undefined || (schedule === undefined && isStale());
      return isWaitedFor ? attempt.verdict : undefined;
    },
    held: () => {
      if (attempt === undefined || attempt.isOverdue) return undefined;
      if (typeof attempt.timer === 'object') attempt.timer.ref?.();
      return attempt.verdict;
    },
    isRunning: () => attempt !== undefined,
    isStale,
    reading: () => (isStale() ? STALE : (record.latest ?? NOT_RUN)),
    standing: () => (isStale() ? stale : (latestShown() ?? notRun)),
    told: () => (schedule === undefined || !isStale() ? latestShown() : stale),
    stop: () => {
      isStopped = true;
      schedule?.stop();
      const outstanding = attempt;
      if (outstanding === undefined) return;
      finish(outstanding);
      outstanding.controller.abort();
      outstanding.announce();
    },
  };
  return runner;
}

function createAttempt(startedAt: number): Attempt {
  let announce = (): void => {};
  const verdict = new Promise<void>((resolve) => {
    announce = resolve;
  });
  const controller = new AbortController();
  return { startedAt, controller, verdict, announce, timer: undefined, isOverdue: false };
}
