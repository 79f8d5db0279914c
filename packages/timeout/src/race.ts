import pTimeout from 'p-timeout';
import { type Clock, systemClock, type Timer } from './clock.ts';
import type { TimeoutError } from './errors.ts';
import type { SignalSource } from './signal-source.ts';

/** What can end a {@link race} before the work does. */
interface Limits {
  /** Gives the work its signal; aborted when the work loses. */
  readonly source: SignalSource;
  readonly parent: AbortSignal | undefined;
  /** More than 2^31−1 ms never runs out. */
  readonly limitMs: number;
  readonly clock: Clock;
  /** Time since the work was begun. */
  elapsedMs(): number;
  expire(elapsedMs: number): TimeoutError;
}

const TURN = /* @__PURE__ */ Promise.resolve();

/**
 * Settles as `running` does, when the time is up, or when `parent` is aborted, whichever comes
 * first. Nothing is left on `parent` or on the clock then.
 *
 * A timer and a listener cost more than all the layers of a pipeline together, so work that has
 * settled already (a cached answer) gets neither: they are made one turn of the microtasks later,
 * for the time that is left then. A clock that was passed in gets its timer at once, so that a test
 * can move it right after the call; fake timers must fake `performance.now` too for that.
 */
export function race<T>(running: Promise<T>, limits: Limits): Promise<T> {
  const { parent, limitMs, clock } = limits;
  if (limitMs === Infinity && parent === undefined) return running;
  return new Promise((resolve, reject) => {
    let isArmed = false;
    let isSettled = false;
    const settle =
      <R>(done: (result: R) => void) =>
      (result: R): void => {
        isSettled = true;
        // Armed, p-timeout settles it, after its timer and its listener are gone.
        if (isArmed) return;
        if (parent?.aborted) reject(parent.reason as Error);
        else done(result);
      };
    running.then(settle(resolve), settle(reject));
    const arm = (): void => {
      if (isSettled) return;
      isArmed = true;
      wait(running, limits).then(resolve, reject);
    };
    if (clock === systemClock) void TURN.then(arm);
    else arm();
  });
}

/**
 * One listener on `parent` does two jobs: p-timeout calls `cancel` of what it waits for when it
 * gives up on it. `fallback` makes the error lazily; by default p-timeout builds one with its stack
 * for every call, at ten times the price of the rest.
 */
function wait<T>(running: Promise<T>, limits: Limits): Promise<T> {
  const { source, parent, limitMs, clock } = limits;
  const leftMs = limitMs - limits.elapsedMs();
  const fallback = (): never => {
    const error = limits.expire(limits.elapsedMs());
    source.abort(error);
    throw error;
  };
  // A parent that is aborted already comes first, as it does in p-timeout.
  if (leftMs <= 0 && !parent?.aborted) return new Promise(fallback);
  const input: PromiseLike<T> & { cancel(): void } = {
    // oxlint-disable-next-line unicorn/no-thenable -- p-timeout takes any; the promise may not be ours to add to
    then: (onValue, onError) => running.then(onValue, onError),
    cancel: () => source.abort(parent?.reason),
  };
  return pTimeout(input, {
    // A timer cuts fractions off and would fire before the time; 0 is refused.
    milliseconds: Math.max(1, Math.ceil(leftMs)),
    // Arrows, since a clock may need its `this`.
    customTimers: {
      setTimeout: (callback: () => void, delayMs: number) => clock.setTimeout(callback, delayMs),
      clearTimeout: (timer: Timer) => clock.clearTimeout(timer),
    } as CustomTimers,
    fallback,
    signal: parent,
  } as Parameters<typeof pTimeout<T, never>>[1]);
}

type CustomTimers = NonNullable<Parameters<typeof pTimeout>[1]['customTimers']>;
