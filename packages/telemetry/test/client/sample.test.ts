import { expect, it } from 'vitest';
import { isSampled, sampleRateOf } from '../../src/client/sample.ts';
import { uuid7 } from '../../src/uuid.ts';

it.each([
  [0.25, 'any', 0.25],
  [{ ping: 0.5 }, 'ping', 0.5],
  [{ ping: 0.5 }, 'other', 1],
  [{ ping: 0.5, '*': 0.1 }, 'other', 0.1],
  [{ ping: undefined }, 'ping', 1],
  [{ '*': 0.1 }, 'toString', 0.1],
  [{ '*': 0.1 }, '__proto__', 0.1],
])('the rate of %j for %s is %d', (rates, name, expected) => {
  expect(sampleRateOf(rates, name)).toBe(expected);
});

const ids = Array.from({ length: 20_000 }, (_, n) => uuid7(1_772_323_200_000 + n));
const users = Array.from({ length: 20_000 }, (_, n) => `user-${n}`);

it.each([
  ['ids of one time', ids],
  ['numbered users', users],
])('keeps its share of %s', (_name, keys) => {
  for (const rate of [0.01, 0.1, 0.5, 0.9]) {
    const share = keys.filter((key) => isSampled(key, rate)).length / keys.length;
    // Five standard deviations of a fair choice.
    expect(Math.abs(share - rate)).toBeLessThan(5 * Math.sqrt((rate * (1 - rate)) / keys.length));
  }
});

it('keeps all at 1 and none at 0', () => {
  expect(users.every((key) => isSampled(key, 1))).toBe(true);
  expect(users.some((key) => isSampled(key, 0))).toBe(false);
});

it('a key that is in a small sample is in each larger one', () => {
  const small = users.filter((key) => isSampled(key, 0.2));
  expect(small.every((key) => isSampled(key, 0.3))).toBe(true);
});

it('is the same in every process and version', () => {
  const kept = users.slice(0, 40).filter((key) => isSampled(key, 0.2));
  expect(kept).toMatchInlineSnapshot(`
    [
      "user-2",
      "user-3",
      "user-14",
      "user-21",
    ]
  `);
});
