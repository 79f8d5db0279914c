import { expect, it } from 'vitest';
import { retryAfterMs } from '../../src/node/retry-after.ts';

const now = Date.parse('2026-03-01T12:00:00Z');

it.each([
  ['7', 7_000],
  [' 0 ', 0],
  ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
  ['Sunday, 01-Mar-26 12:00:30 GMT', 30_000],
  ['Sun, 01 Mar 2026 11:59:00 GMT', 0],
  ['-5', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['Sun, nonsense', undefined],
  ['', undefined],
  [null, undefined],
])('%j is %s ms', (header, expected) => {
  expect(retryAfterMs(header, now)).toBe(expected);
});
