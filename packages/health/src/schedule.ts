import type { Clock, Timer } from '@ops/timeout';

/** When a check runs by itself. */
export interface ScheduleSettings {
  readonly everyMs: number;
  /** Before the first run; 0 for none. */
  readonly initialDelayMs: number;
  /** Width of the window in which the next run falls, as a share of `everyMs`. */
  readonly jitter: number;
}

/** Calls something again and again. */
export interface Schedule {
  /** Once; later calls, and calls after `stop`, do nothing. */
  start(): void;
  stop(): void;
}

/**
 * Runs are `everyMs` ± half the jitter apart, start to start, so that processes that were started
 * together drift apart instead of asking a dependency in chorus. Its timers do not keep the process
 * alive.
 */
export function createSchedule(
  { everyMs, initialDelayMs, jitter }: ScheduleSettings,
  clock: Clock,
  random: () => number,
  run: () => void,
): Schedule {
  let isStarted = false;
  let timer: Timer | undefined;

  function wait(delayMs: number): void {
    timer = clock.setTimeout(tick, delayMs);
    if (typeof timer === 'object') timer.unref?.();
  }
  function tick(): void {
    const drawn = random();
    // What is no number would be a delay of a millisecond, again and again.
    const share = drawn >= 0 && drawn <= 1 ? drawn : 0.5;
    wait(everyMs * (1 + jitter * (share - 0.5)));
    run();
  }

  return {
    start: () => {
      if (isStarted) return;
      isStarted = true;
      if (initialDelayMs > 0) wait(initialDelayMs);
      else tick();
    },
    stop: () => {
      isStarted = true;
      if (timer !== undefined) clock.clearTimeout(timer);
    },
  };
}
