import type { Clock } from '@ops/timeout';
import { createAlarm } from '../alarm.ts';
import { AlertsClosedError } from '../errors.ts';

/** Calls its work again and again, one call at a time, when there is something to do. */
export interface Loop {
  /** Something is to be done at once. */
  soon(): void;
  /** Something is to be done within the interval. */
  later(): void;
  /** Resolves when a call that began after this has ended well; rejects with what it failed with. */
  now(): Promise<void>;
  /** Resolves when the next call has ended, whenever it begins; rejects with what it failed with. */
  next(): Promise<void>;
  /** What is under way comes to its end; nothing begins. */
  stop(): void;
}

/** When to come again; undefined: not before somebody asks. */
interface LoopPlan {
  readonly nextMs: number | undefined;
}

export interface LoopOptions {
  readonly clock: Clock;
  readonly time: () => number;
  /** At most this long between two calls; 0: only when there is something to do. */
  readonly intervalMs: () => number;
  readonly random: () => number;
  work(): Promise<LoopPlan>;
  onFailure(error: unknown, failureCount: number): void;
}

/** Under pressure, work that is not urgent is done so often at most. */
const MIN_GAP_MS = 10;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 5_000;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export function createLoop(options: LoopOptions): Loop {
  const { clock, time, intervalMs, random } = options;
  const alarm = createAlarm(clock, time, arm);
  let isRunning = false;
  let isStarting = false;
  let isStopped = false;
  let wantedMs = Infinity;
  let lastMs = Number.NEGATIVE_INFINITY;
  let retryAtMs = Number.NEGATIVE_INFINITY;
  let failureCount = 0;
  let waiters: Waiter[] = [];
  let listeners: Waiter[] = [];

  function arm(): void {
    if (isRunning || isStarting || isStopped) return;
    const atMs = waiters.length > 0 ? time() : Math.max(wantedMs, retryAtMs);
    if (atMs > time()) {
      if (atMs < Infinity) alarm.set(atMs);
      return;
    }
    isStarting = true;
    // Never in the turn of whoever reports an error.
    queueMicrotask(() => void run());
  }

  async function run(): Promise<void> {
    isStarting = false;
    isRunning = true;
    wantedMs = Infinity;
    // What it was set for may be over: an idle loop has no timer.
    alarm.clear();
    lastMs = time();
    const served = [...waiters, ...listeners];
    waiters = [];
    listeners = [];
    try {
      const { nextMs } = await options.work();
      failureCount = 0;
      retryAtMs = Number.NEGATIVE_INFINITY;
      if (nextMs !== undefined) wantedMs = Math.min(wantedMs, nextMs);
      if (intervalMs() > 0) wantedMs = Math.min(wantedMs, time() + intervalMs() * spread());
      for (const { resolve } of served) resolve();
    } catch (error) {
      failureCount += 1;
      const pauseMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failureCount, 10));
      retryAtMs = time() + (pauseMs / 2) * spread();
      wantedMs = retryAtMs;
      options.onFailure(error, failureCount);
      for (const { reject } of served) reject(error);
    }
    isRunning = false;
    arm();
  }

  /** 1 to 1.2, so that replicas do not all come at once, and none more often than the interval says. */
  function spread(): number {
    return 1 + 0.2 * random();
  }

  function want(atMs: number): void {
    wantedMs = Math.min(wantedMs, atMs);
    arm();
  }

  return {
    soon: () => want(time()),
    later: () => want(Math.max(time(), lastMs + Math.max(intervalMs(), MIN_GAP_MS))),
    now: () =>
      new Promise((resolve, reject) => {
        if (isStopped) return reject(new AlertsClosedError());
        waiters.push({ resolve, reject });
        arm();
      }),
    next: () =>
      new Promise((resolve, reject) => {
        if (isStopped) return resolve();
        listeners.push({ resolve, reject });
      }),
    stop() {
      isStopped = true;
      alarm.clear();
      const left = [...waiters, ...listeners];
      waiters = [];
      listeners = [];
      for (const { resolve } of left) resolve();
    },
  };
}
