import { readOptions } from './check-options.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Duration } from './duration.ts';
import { createWindow } from './rolling-window.ts';

/** Options of {@link retryBudget}. */
export interface RetryBudgetOptions {
  /**
   * Repetitions allowed per call, 0 to 10.
   * @default 0.2 (20 %), as in Finagle and Linkerd
   */
  readonly ratio?: number | undefined;
  /**
   * Repetitions allowed a second whatever the traffic, so that a quiet service can repeat at all.
   * @default 10
   */
  readonly minPerSecond?: number | undefined;
  /**
   * How long a call gives credit; at least 10 ms.
   * @default '10s'
   */
  readonly window?: Duration | undefined;
  /** Default: the real time. */
  readonly clock?: Clock | undefined;
}

/** Bounds the load that repetitions add. Share one among everything that goes to the same dependency. */
export interface RetryBudget {
  /** A call was begun (its repetitions are not calls). */
  deposit(): void;
  /** Takes one repetition; `false` when there is none left. */
  withdraw(): boolean;
  /** Repetitions that could be taken now, rounded down. */
  available(): number;
}

/**
 * Allows `ratio` × the calls of the last `window`, plus `minPerSecond` × its seconds, repetitions
 * in that window. Without it a dependency in trouble gets `1 + retries` times its normal load.
 *
 * @throws InvalidOptionsError when an option is wrong.
 */
export function retryBudget(options: RetryBudgetOptions = {}): RetryBudget {
  const read = readOptions('retryBudget', options);
  const ratio = read.number('ratio', 0, 10) ?? 0.2;
  const minPerSecond = read.number('minPerSecond', 0) ?? 10;
  const windowMs = read.duration('window', 10) ?? 10_000;
  const clock = read.clock('clock') ?? systemClock;
  read.done();
  const floor = (minPerSecond * windowMs) / 1000;
  const counts = createWindow(10, windowMs / 10);
  const available = (): number => {
    counts.advance(clock.monotonic());
    return Math.floor(ratio * counts.total(0) + floor - counts.total(1) + 1e-9);
  };
  return {
    available,
    deposit() {
      counts.advance(clock.monotonic());
      counts.add(0);
    },
    withdraw() {
      if (available() < 1) return false;
      counts.add(1);
      return true;
    },
  };
}
