import { expect, it } from 'vitest';
import { parseOptions } from '../../demo/options.ts';

it('reads the options', () => {
  expect(parseOptions([])).toEqual({ serve: false, scale: 1 });
  expect(parseOptions(['--serve', '--scale', '3'])).toEqual({ serve: true, scale: 3 });
  expect(parseOptions(['-h'])).toBe('help');
});

it.each(['0', '-1', '1.5', '101', 'many', ''])('refuses a scale of %j', (scale) => {
  expect(() => parseOptions([`--scale=${scale}`])).toThrow(/--scale: expected a whole number/);
});

it('refuses what it does not know', () => {
  expect(() => parseOptions(['--fast'])).toThrow(/--fast/);
});
