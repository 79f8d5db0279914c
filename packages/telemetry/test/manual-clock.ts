import type { Clock } from '@ops/timeout';

export interface ManualClock extends Clock {
  /** Moves time on, firing what is due in order and letting promises settle in between. */
  advance(ms: number): Promise<void>;
  /** Delays of the timers that are set, from now on. */
  readonly delays: readonly number[];
  /** Moves the wall clock alone, as NTP would. */
  jump(ms: number): void;
}

/** Lets everything that waits for no timer run, gzip on its thread excepted. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export function manualClock(startAt = Date.parse('2026-03-01T00:00:00Z')): ManualClock {
  let elapsed = 0;
  let offset = startAt;
  const timers = new Map<object, { at: number; callback: () => void }>();
  const next = () =>
    [...timers].reduce<[object, { at: number; callback: () => void }] | undefined>(
      (first, timer) => (first === undefined || timer[1].at < first[1].at ? timer : first),
      undefined,
    );
  return {
    now: () => offset + elapsed,
    monotonic: () => elapsed,
    setTimeout(callback, delayMs) {
      const handle = { unref: () => handle };
      timers.set(handle, { at: elapsed + delayMs, callback });
      return handle;
    },
    clearTimeout(timer) {
      timers.delete(timer as object);
    },
    async advance(ms) {
      const until = elapsed + ms;
      await settled();
      for (let timer = next(); timer !== undefined && timer[1].at <= until; timer = next()) {
        elapsed = Math.max(elapsed, timer[1].at);
        timers.delete(timer[0]);
        timer[1].callback();
        await settled();
      }
      elapsed = until;
    },
    get delays() {
      return [...timers.values()].map(({ at }) => at - elapsed);
    },
    jump(ms) {
      offset += ms;
    },
  };
}
