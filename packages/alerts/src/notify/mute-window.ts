import type { AlertMatch } from '../silence.ts';
import { minuteOfWeek, WEEK_MINUTES } from './wall-clock.ts';

/** A time of the week in which nobody is told of the alerts that match; ends are still told. */
export interface MuteWindow<RuleName extends string = string> {
  /** Left out: every alert. */
  readonly match?: AlertMatch<RuleName> | undefined;
  /** Days on which it begins: `'Sat-Sun'`, `'Mon,Wed'`, `'Fri-Mon'`. Left out: every day. */
  readonly weekdays?: string | undefined;
  /**
   * `'22:00-06:00'`; several with commas: `'00:00-06:00,12:00-13:00'`. The end is not part of it. One
   * that ends before it begins goes on into the next day. Left out: the whole day.
   */
  readonly times?: string | undefined;
  /** Where days and times are read from a clock: `'Europe/Berlin'`. @default 'UTC' */
  readonly timeZone?: string | undefined;
}

/** A {@link MuteWindow} as the inside uses it. */
export interface MuteSettings {
  readonly match: AlertMatch;
  /** Minutes of the week on the wall, from Monday 00:00: in order, apart from each other. */
  readonly spans: readonly MinuteSpan[];
  readonly timeZone: string;
}

/** From 0 to 10,080; `to` is not part of it. */
export interface MinuteSpan {
  readonly from: number;
  readonly to: number;
}

const MINUTE_MS = 60_000;

/**
 * When the window that covers this moment ends; undefined: none does. On the day on which clocks are
 * put forward or back the window is shorter or longer, as on the wall.
 */
export function mutedUntil(
  { spans, timeZone }: Pick<MuteSettings, 'spans' | 'timeZone'>,
  nowMs: number,
): number | undefined {
  const spanAt = (atMs: number): MinuteSpan | undefined => {
    const minute = minuteOfWeek(atMs, timeZone);
    return spans.find(({ from, to }) => from <= minute && minute < to);
  };
  const startMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  let mutedMs = startMs;
  let span = spanAt(mutedMs);
  if (span === undefined) return undefined;
  // Not longer than a week: a window that covers all of it is refused, yet must not be an endless loop.
  while (mutedMs < startMs + WEEK_MINUTES * MINUTE_MS) {
    const endMs = mutedMs + (span.to - minuteOfWeek(mutedMs, timeZone)) * MINUTE_MS;
    // Put forward, a clock jumps over the end; put back, it may jump to before the beginning.
    mutedMs = clockChange(mutedMs, endMs, timeZone) ?? endMs;
    span = spanAt(mutedMs);
    if (span === undefined) return mutedMs;
  }
  return mutedMs;
}

/** The first minute after a moment at which the clock is no longer as far from UTC; of one change a week. */
function clockChange(fromMs: number, toMs: number, timeZone: string): number | undefined {
  const offset = (atMinute: number): number =>
    (((minuteOfWeek(atMinute * MINUTE_MS, timeZone) - atMinute) % WEEK_MINUTES) + WEEK_MINUTES) %
    WEEK_MINUTES;
  let [before, after] = [fromMs / MINUTE_MS, toMs / MINUTE_MS];
  const first = offset(before);
  if (offset(after) === first) return undefined;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offset(middle) === first) before = middle;
    else after = middle;
  }
  return after * MINUTE_MS;
}
