import { expect, it } from 'vitest';
import { isUuid, uuid7 } from '../src/uuid.ts';

it('makes version 7 ids that hold the time and differ', () => {
  const now = Date.parse('2026-03-01T12:00:00.123Z');
  const ids = Array.from({ length: 5_000 }, () => uuid7(now));
  expect(new Set(ids).size).toBe(5_000);
  for (const id of ids) {
    expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(Number.parseInt(id.slice(0, 13).replace('-', ''), 16)).toBe(now);
  }
});

it('is a UUID by a clock from before 1970', () => {
  expect(isUuid(uuid7(-5_000))).toBe(true);
});

it('sorts by time', () => {
  expect(uuid7(1_000) < uuid7(2_000)).toBe(true);
});

it.each([
  ['018f0000-0000-7000-8000-000000000000', true],
  ['018F0000-0000-7000-8000-00000000000A', true],
  ['018f000000007000800000000000000a', false],
  ['018f0000-0000-7000-8000-00000000000g', false],
  [' 018f0000-0000-7000-8000-000000000000', false],
  [7, false],
  [undefined, false],
])('isUuid(%j) is %s', (value, expected) => {
  expect(isUuid(value)).toBe(expected);
});
