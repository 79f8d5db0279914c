import { describe } from './describe.ts';
import { InvalidOptionsError } from './errors.ts';

/**
 * A length of time: a number of milliseconds, or a number with its unit: `'250ms'`, `'1.5s'`,
 * `'5m'`, `'24h'`, `'90d'`. A day is 24 hours, whatever the calendar does.
 */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const FORM = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/**
 * Turns a {@link Duration} into milliseconds, fractions kept.
 *
 * @param name what the duration is for; the error message quotes it.
 * @throws InvalidOptionsError when it is negative, not finite, or not in the form above.
 */
export function toMilliseconds(duration: Duration, name = 'duration'): number {
  return parse(duration, name, 0);
}

/** As {@link toMilliseconds}, but 0 is refused too. */
export function positiveMs(duration: Duration, name: string): number {
  return parse(duration, name, Number.MIN_VALUE);
}

function parse(duration: Duration, name: string, minMs: number): number {
  let ms = duration as number;
  if (typeof duration === 'string') {
    const [, amount, unit] = FORM.exec(duration) ?? [];
    ms = Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  }
  if (Number.isFinite(ms) && ms >= minMs) return ms;
  throw new InvalidOptionsError(
    `${name}: expected milliseconds ${minMs ? 'above' : 'from'} 0 or '250ms', '30s', '5m', '24h', '90d', got ${describe(duration)}`,
  );
}
