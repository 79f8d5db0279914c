import * as z from 'zod';
import { type Duration, toMilliseconds } from '../duration.ts';

/** The longest delay that a timer can hold: 24.8 days. A longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Which durations are accepted. */
export interface DurationLimits {
  /** @default 0 */
  readonly minMs?: number | undefined;
  /**
   * Whether `minMs` itself is too short.
   * @default false
   */
  readonly isMinExcluded?: boolean | undefined;
  /** @default 2^31 − 1, what a timer can hold; durations that set no timer may be longer */
  readonly maxMs?: number | undefined;
}

/** A `Duration`, parsed to milliseconds. */
export function durationMs(limits: DurationLimits = {}): z.ZodType<number, Duration> {
  const { minMs = 0, isMinExcluded = false, maxMs = LONGEST_TIMER_MS } = limits;
  const least = isMinExcluded ? `more than ${minMs} ms` : `${minMs} ms or more`;
  const most = maxMs < Number.MAX_SAFE_INTEGER ? ` and at most ${inWords(maxMs)}` : '';
  const isFit = (value: unknown): boolean => {
    try {
      const ms = toMilliseconds(value as Duration);
      return (isMinExcluded ? ms > minMs : ms >= minMs) && ms <= maxMs;
    } catch {
      return false; // the message below says which forms there are
    }
  };
  return z
    .custom<Duration>(isFit, {
      error: `expected a duration ('250ms', '5s', '90d', or milliseconds) of ${least}${most}`,
    })
    .transform((value) => toMilliseconds(value));
}

function inWords(ms: number): string {
  return ms >= 86_400_000 ? `${Math.floor(ms / 86_400_000)} days` : `${ms} ms`;
}

/** A whole number of things or bytes, 1 or more. */
export const positiveInteger: z.ZodType<number, number> = z
  .int('expected a whole number of 1 or more')
  .min(1, 'expected a whole number of 1 or more');

/** A function, passed on as it came. */
export function callable<T>(): z.ZodType<T, T> {
  return z.custom<T>((value) => typeof value === 'function', 'expected a function');
}

/** An object (or function) with these methods, passed on as the very object that came. */
export function withMethods<T>(...names: readonly (keyof T & string)[]): z.ZodType<T, T> {
  return z.custom<T>(
    (value) =>
      ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
      names.every((name) => typeof Reflect.get(value, name) === 'function'),
    `expected an object with ${names.map((name) => `${name}()`).join(', ')}`,
  );
}
