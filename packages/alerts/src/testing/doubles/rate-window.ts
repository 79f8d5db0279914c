/** At most so many in any window of time. */
export interface RateWindow {
  /** Takes one more, and returns 0; or takes none, and returns how long to wait, in milliseconds. */
  take(nowMs: number): number;
  /** How many more it would take now. */
  remaining(nowMs: number): number;
}

export function rateWindow(limitCount: number, windowMs: number): RateWindow {
  let times: number[] = [];
  const forget = (nowMs: number): void => {
    times = times.filter((time) => time > nowMs - windowMs);
  };
  return {
    take(nowMs) {
      forget(nowMs);
      const [oldest] = times;
      if (times.length >= limitCount && oldest !== undefined) return oldest + windowMs - nowMs;
      times.push(nowMs);
      return 0;
    },
    remaining(nowMs) {
      forget(nowMs);
      return Math.max(0, limitCount - times.length);
    },
  };
}
