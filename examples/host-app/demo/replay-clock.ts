import { type Clock, systemClock, type Timer } from '@ops/timeout';

/** The real time, plus the jumps that a replay makes. */
export interface ReplayClock extends Clock {
  /** Moves time forward; timers that fall due ring, and what they set off runs, before it resolves. */
  advance(ms: number): Promise<void>;
}

interface Pending {
  readonly dueAtMs: number;
  readonly callback: () => void;
  real: Timer;
}

/** Real time left for a delivery over loopback before the replay goes on. */
const SEND_MS = 50;

/** Lets an hour of errors be replayed in a moment while deliveries go on in real time. */
export function createReplayClock(): ReplayClock {
  let offsetMs = 0;
  const pending = new Map<object, Pending>();
  const monotonic = (): number => systemClock.monotonic() + offsetMs;

  const arm = (handle: object, callback: () => void, delayMs: number): Timer => {
    const real = systemClock.setTimeout(() => {
      pending.delete(handle);
      callback();
    }, delayMs);
    if (typeof real === 'object') real.unref?.();
    return real;
  };

  return {
    now: () => systemClock.now() + offsetMs,
    monotonic,
    setTimeout(callback, delayMs) {
      const handle = { unref: () => handle };
      pending.set(handle, {
        dueAtMs: monotonic() + delayMs,
        callback,
        real: arm(handle, callback, delayMs),
      });
      return handle;
    },
    clearTimeout(handle) {
      const timer = pending.get(handle as object);
      if (timer === undefined) return;
      systemClock.clearTimeout(timer.real);
      pending.delete(handle as object);
    },
    async advance(ms) {
      const targetMs = monotonic() + ms;
      // In small steps: what rings at one moment may set a timer for a later one.
      while (monotonic() < targetMs) {
        offsetMs += Math.min(60_000, targetMs - monotonic());
        const due = [...pending].filter(([, timer]) => timer.dueAtMs <= monotonic());
        for (const [handle, timer] of due) {
          systemClock.clearTimeout(timer.real);
          pending.delete(handle);
          timer.callback();
        }
        // What rang may have sent something: the other end answers in real time.
        await new Promise((resolve) => setTimeout(resolve, due.length > 0 ? SEND_MS : 0));
      }
      for (const [handle, timer] of pending) {
        systemClock.clearTimeout(timer.real);
        timer.real = arm(handle, timer.callback, Math.max(0, timer.dueAtMs - monotonic()));
      }
    },
  };
}
