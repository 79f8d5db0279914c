import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Duration, InvalidOptionsError, toMilliseconds } from '../src/index.ts';

describe('toMilliseconds', () => {
  it.each<[Duration, number]>([
    [0, 0],
    [1.5, 1.5],
    ['250ms', 250],
    ['1.5s', 1_500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['90d', 7_776_000_000],
  ])('reads %j as %d ms', (duration, ms) => {
    expect(toMilliseconds(duration)).toBe(ms);
  });

  it.each([
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '',
    '30',
    '30 s',
    '-5s',
    '1e3s',
    '5 minutes',
    '5M',
    `${'9'.repeat(400)}d`,
    null,
    undefined,
    {},
    10n,
    Symbol('s'),
    ['5s'],
  ])('refuses %s, naming the option and the forms', (duration) => {
    const refused = (): number => toMilliseconds(duration as Duration, 'cache ttl');
    expect(refused).toThrow(InvalidOptionsError);
    expect(refused).toThrow(/^cache ttl: expected milliseconds .*'250ms'/);
  });

  it('agrees with multiplication for every amount and unit', () => {
    const units = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5 } as const;
    fc.assert(
      fc.property(
        fc.nat(),
        fc.constantFrom<keyof typeof units>('ms', 's', 'm', 'h', 'd'),
        (amount, unit) => toMilliseconds(`${amount}${unit}`) === amount * units[unit],
      ),
    );
  });
});
