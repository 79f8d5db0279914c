import { describe, expect, it } from 'vitest';
import { readWait } from '../../src/fetch/index.ts';

const NOW = Date.UTC(2026, 10, 23, 12, 0, 0);
const NOW_SECONDS = NOW / 1_000;

describe('readWait', () => {
  it.each([
    ['nothing', {}, undefined],
    ['Retry-After', { 'retry-after': '2.5' }, 2_500],
    ['Retry-After first', { 'retry-after': '1', 'ratelimit-reset': '9' }, 1_000],
    [
      'another when Retry-After is unreadable',
      { 'retry-after': '?', 'ratelimit-reset': '9' },
      9_000,
    ],
    ['RateLimit as a list', { ratelimit: '"default";r=0;t=30' }, 30_000],
    ['the exhausted ones', { ratelimit: '"burst";r=5;t=60, "day";r=0;t=20, "x";r=0;t=7' }, 20_000],
    ['no exhausted limit', { ratelimit: '"burst";r=5;t=60' }, undefined],
    ['the older RateLimit', { ratelimit: 'limit=100, remaining=0, reset=30' }, 30_000],
    ['the older, something left', { ratelimit: 'limit=100, remaining=1, reset=30' }, undefined],
    ['RateLimit-Reset', { 'ratelimit-remaining': '0', 'ratelimit-reset': '12' }, 12_000],
    ['something left', { 'ratelimit-remaining': '3', 'ratelimit-reset': '12' }, undefined],
    ['seconds from now', { 'x-ratelimit-reset': '45' }, 45_000],
    ['seconds since 1970', { 'x-ratelimit-reset': String(NOW_SECONDS + 45) }, 45_000],
    ['milliseconds since 1970', { 'x-ratelimit-reset': String(NOW + 45_000) }, 45_000],
    ['a reset that has passed', { 'x-ratelimit-reset': String(NOW_SECONDS - 5) }, 0],
    ['a number that may mean anything', { 'x-ratelimit-reset': '5000000' }, undefined],
    ['a time far off', { 'x-ratelimit-reset': String(NOW_SECONDS + 200_000) }, undefined],
    ['a date', { 'x-ratelimit-reset': '2026-11-23T12:00:45Z' }, undefined],
    ['rubbish', { ratelimit: ';;=,;t', 'ratelimit-reset': '-1' }, undefined],
  ] as const)('%s', (_, headers, waitMs) => {
    expect(readWait(new Headers(headers as Record<string, string>), NOW)).toBe(waitMs);
  });
});
