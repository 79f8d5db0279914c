/**
 * One check and its attempts.
 *
 *   idle ──start──▶ running ──settles in time──▶ idle, with its result
 *                      └──time limit──▶ overdue (fail, timeout) ──settles──▶ idle, result dropped
 *
 * While running or overdue nothing is started: a check that never settles is called once. A result
 * that comes after the limit is never used, or the status would flap with every attempt of a
 * dependency that needs 2 s under a limit of 1 s.
 */
import { type Clock, TimeoutError, type Timer } from '@ops/timeout';
import type { CheckContext } from './check.ts';
import type { CheckSettings } from './options.ts';
import { type Reading, readFailure, readOutcome } from './reading.ts';
import type { Redactor } from './redact.ts';

/** A reading, and when it was known. */
interface Sample extends Reading {
  readonly at: number;
  readonly time: Date;
  readonly durationMs: number;
}

interface Attempt {
  readonly startedAt: number;
  readonly controller: AbortController;
  /** Resolves when there is a result, the limit is reached, or the runner is stopped. */
  readonly verdict: Promise<void>;
  readonly announce: () => void;
  timer: Timer | undefined;
  isOverdue: boolean;
}

/** What a check is at present, before `critical` is applied. */
interface RunnerState extends Reading {
  readonly running: boolean;
  readonly time: Date | undefined;
  readonly durationMs: number | undefined;
}

export interface CheckRunner {
  readonly settings: CheckSettings;
  /** Starts an attempt unless one is outstanding or the last result is younger than its ttl. */
  refresh(): void;
  /** Whether there is a result that may be shown. */
  hasUsable(): boolean;
  /** The outstanding attempt's verdict; `undefined` when there is nothing to wait for. */
  verdict(): Promise<void> | undefined;
  /** As {@link verdict}, and keeps the process alive until then. */
  held(): Promise<void> | undefined;
  state(): RunnerState;
  /** Aborts the outstanding attempt without a result; nothing is started any more. */
  stop(): void;
}

const NOT_RUN: Reading = { status: 'fail', code: 'not_run' };
const STALE: Reading = { status: 'fail', code: 'stale' };

export function createCheckRunner(
  settings: CheckSettings,
  clock: Clock,
  redact: Redactor,
  recorded: (runner: CheckRunner) => void,
): CheckRunner {
  const { name, timeoutMs, ttlMs, maxStaleMs } = settings;
  let sample: Sample | undefined;
  let attempt: Attempt | undefined;
  let attemptCount = 0;
  let isStopped = false;

  const ageMs = (): number => (sample === undefined ? Infinity : clock.monotonic() - sample.at);

  const runner: CheckRunner = {
    settings,
    refresh: () => {
      if (!isStopped && attempt === undefined && ageMs() >= ttlMs) start();
    },
    hasUsable: () => sample !== undefined && (attempt?.isOverdue === true || ageMs() <= maxStaleMs),
    verdict: () => (attempt?.isOverdue === false ? attempt.verdict : undefined),
    held: () => {
      if (typeof attempt?.timer === 'object') attempt.timer.ref?.();
      return runner.verdict();
    },
    state: () => {
      const reading = runner.hasUsable() ? sample : undefined;
      return {
        ...(reading ?? (sample === undefined ? NOT_RUN : STALE)),
        running: attempt !== undefined,
        time: sample?.time,
        durationMs: reading?.durationMs,
      };
    },
    stop: () => {
      isStopped = true;
      const outstanding = attempt;
      if (outstanding === undefined) return;
      finish(outstanding);
      outstanding.controller.abort();
      outstanding.announce();
    },
  };

  function start(): void {
    attemptCount += 1;
    const started = createAttempt(clock.monotonic());
    // Before the check is called: it may ask for a report, or for itself.
    attempt = started;
    const { signal } = started.controller;
    const context = { signal, name, attempt: attemptCount, timeoutMs };
    started.timer = clock.setTimeout(() => {
      expire(started);
    }, timeoutMs);
    if (typeof started.timer === 'object') started.timer.unref?.();
    void follow(started, context);
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
    if (!isLate) record(settled, toReading());
  }

  function expire(overdue: Attempt): void {
    if (overdue !== attempt) return;
    overdue.isOverdue = true;
    const error = new TimeoutError('attempt', timeoutMs);
    record(overdue, { status: 'fail', code: 'timeout', message: error.message });
    overdue.controller.abort(error);
  }

  function finish(finished: Attempt): void {
    if (finished.timer !== undefined) clock.clearTimeout(finished.timer);
    attempt = undefined;
  }

  function record(of: Attempt, reading: Reading): void {
    const at = clock.monotonic();
    sample = { ...reading, at, time: new Date(clock.now()), durationMs: at - of.startedAt };
    recorded(runner);
    of.announce();
  }

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
