import { type Clock, systemClock } from './clock.ts';
import { type Duration, toMilliseconds } from './duration.ts';

/** A moment after which a result is of no use, measured by the monotonic clock. */
export interface Deadline {
  /** Time that was allowed when it was made; `Infinity` for none. */
  readonly totalMs: number;
  readonly isExpired: boolean;
  /** 0 once it has passed, `Infinity` when it never does. */
  remainingMs(): number;
  /** Time since it was made. */
  elapsedMs(): number;
  /** The earlier of this one and `duration` from now. */
  sooner(duration: Duration): Deadline;
}

class MonotonicDeadline implements Deadline {
  readonly totalMs: number;
  readonly #clock: Clock;
  readonly #startedMs: number;

  constructor(totalMs: number, clock: Clock, startedMs: number) {
    this.totalMs = totalMs;
    this.#clock = clock;
    this.#startedMs = startedMs;
  }

  get isExpired(): boolean {
    return this.remainingMs() === 0;
  }

  remainingMs(): number {
    return Math.max(0, this.totalMs - this.elapsedMs());
  }

  elapsedMs(): number {
    return this.#clock.monotonic() - this.#startedMs;
  }

  sooner(duration: Duration): Deadline {
    return soonerOf(this, toMilliseconds(duration, 'deadline'), this.#clock);
  }
}

/**
 * A deadline `duration` from now.
 *
 * @throws InvalidOptionsError on a bad duration.
 */
export function deadlineIn(duration: Duration, clock: Clock = systemClock): Deadline {
  const totalMs = toMilliseconds(duration, 'deadline');
  return new MonotonicDeadline(totalMs, clock, clock.monotonic());
}

/** Never expires; tells the time passed by `clock` all the same. */
export function neverBy(clock: Clock): Deadline {
  return new MonotonicDeadline(Infinity, clock, clock.monotonic());
}

/** Never expires. */
export const noDeadline: Deadline = /* @__PURE__ */ new MonotonicDeadline(Infinity, systemClock, 0);

/** The earlier of `deadline` and `afterMs` from now by `clock`; they may have different clocks. */
export function soonerOf(deadline: Deadline, afterMs: number, clock: Clock): Deadline {
  if (deadline.totalMs < Infinity && deadline.remainingMs() <= afterMs) return deadline;
  return new MonotonicDeadline(afterMs, clock, clock.monotonic());
}
