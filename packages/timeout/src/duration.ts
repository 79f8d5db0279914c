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
  if (typeof duration === 'number' && duration >= 0 && duration < Infinity) return duration;
  const [, amount, unit] = (typeof duration === 'string' && FORM.exec(duration)) || [];
  const ms = Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  if (ms < Infinity) return ms;
  throw new InvalidOptionsError(
    `${name}: expected milliseconds (0 or more) or a duration such as '250ms', '30s', '5m', '24h', '90d', got ${describe(duration)}`,
  );
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `'${value.slice(0, 40)}'` : String(value);
}
