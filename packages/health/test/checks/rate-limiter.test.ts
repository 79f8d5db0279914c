import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { type RateLimiterOptions, rateLimiter } from '../../src/checks/index.ts';
import { stateOf } from './state-of.ts';

/** A limiter that counts for each key. */
function counter() {
  const hits = new Map<string, number>();
  return {
    hits,
    hit: (key: string) => {
      const count = (hits.get(key) ?? 0) + 1;
      hits.set(key, count);
      return count;
    },
  };
}

const { hit } = counter();
const LIMIT = 3;

describe('a limiter that limits passes', () => {
  test.each<[string, RateLimiterOptions['consume']]>([
    ['a boolean', (key) => hit(key) <= LIMIT],
    ['a promise of it', async (key) => hit(key) <= LIMIT],
    ['{ success }', (key) => ({ success: hit(key) <= LIMIT, remaining: 0 })],
    ['{ allowed }', (key) => ({ allowed: hit(key) <= LIMIT })],
    [
      'a store of express-rate-limit',
      async (key) => ({ totalHits: hit(key), resetTime: new Date() }),
    ],
    [
      'rate-limiter-flexible',
      async (key) => {
        const result = { msBeforeNext: 1_000, remainingPoints: LIMIT - hit(key) };
        if (result.remainingPoints >= 0) return result;
        // oxlint-disable-next-line typescript/only-throw-error -- it rejects with its result
        throw result;
      },
    ],
  ])('%s', async (_, consume) => {
    const counted = vi.fn(consume);
    expect(await stateOf(rateLimiter({ consume: counted, limit: LIMIT }))).toMatchObject({
      status: 'pass',
      code: 'ok',
    });
    expect(counted).toHaveBeenCalledTimes(LIMIT + 1);
  });
});

describe('a limiter that does not fails', () => {
  test.each<[string, RateLimiterOptions['consume'], number | undefined, string, number]>([
    ['allows all', () => true, 3, 'call 4 was allowed, and must not be', 8],
    [
      'allows all, limit unknown',
      () => true,
      undefined,
      'call 100 was allowed, and must not be',
      100,
    ],
    ['denies all', () => false, 3, 'call 1 was denied, 3 must be allowed', 1],
    [
      'denies all, limit unknown',
      () => false,
      undefined,
      'call 1 was denied, 1 must be allowed',
      1,
    ],
    ['denies too early', (key) => hit(key) <= 2, 3, 'call 3 was denied, 3 must be allowed', 3],
    ['says nothing', () => undefined, 3, 'what consume() returned is no verdict', 1],
    [
      'counts, limit unknown',
      () => ({ totalHits: 1 }),
      undefined,
      'what consume() returned is no verdict',
      1,
    ],
  ])('%s', async (_, consume, limit, message, calls) => {
    const counted = vi.fn(consume);
    expect(await stateOf(rateLimiter({ consume: counted, limit }))).toMatchObject({
      status: 'fail',
      code: 'bad_response',
      message,
    });
    expect(counted).toHaveBeenCalledTimes(calls);
  });

  test.each([
    [Object.assign(new Error('redis://u:canary@h'), { code: 'ECONNREFUSED' }), 'refused'],
    [Object.assign(new Error('canary'), { msBeforeNext: 5 }), 'error'],
    ['canary', 'error'],
  ])('its store is gone: %s', async (thrown, code) => {
    const state = await stateOf(rateLimiter({ consume: vi.fn().mockRejectedValue(thrown) }));
    expect(state).toMatchObject({ status: 'fail', code });
    expect(state.message).not.toContain('canary');
  });
});

test('a window that ends meanwhile does not fail it', async () => {
  const hits = [1, 2, 1, 2, 1, 2, 3, 4];
  const consume = vi.fn(() => (hits.shift() ?? 9) <= LIMIT);
  expect((await stateOf(rateLimiter({ consume, limit: LIMIT }))).code).toBe('ok');
  expect(consume).toHaveBeenCalledTimes(8);
});

test('property: it passes when the limit is the one there is, and only then', async () => {
  const limits = fc.integer({ min: 1, max: 30 });
  await fc.assert(
    fc.asyncProperty(limits, limits, async (real, limit) => {
      const { hit: count } = counter();
      const consume = (key: string) => count(key) <= real;
      const { code } = await stateOf(rateLimiter({ consume, limit }));
      expect(code).toBe(real === limit ? 'ok' : 'bad_response');
    }),
    { numRuns: 60 },
  );
});

test('each attempt has a key of its own, and lets go of it', async () => {
  const { hits, hit: count } = counter();
  const reset = vi.fn((key: string) => hits.delete(key));
  const check = rateLimiter({ consume: (key) => count(key) <= 2, key: 'probe', limit: 2, reset });
  await stateOf(check);
  await stateOf(check);
  const keys = reset.mock.calls.map(([key]) => key);
  expect(new Set(keys).size).toBe(2);
  for (const key of keys) expect(key).toMatch(/^probe:[\da-f-]{36}$/);
  expect(hits.size).toBe(0);
});

test('a reset that fails fails it, unless something else did before', async () => {
  const reset = () => Promise.reject(new Error('canary'));
  const consume = (key: string) => hit(key) <= 1;
  expect((await stateOf(rateLimiter({ consume, reset }))).message).toBe('reset() failed');
  const state = await stateOf(rateLimiter({ consume: () => 'rubbish', reset }));
  expect(state.message).toBe('what consume() returned is no verdict');
});

test('it ends between two calls when its time is over', async () => {
  const controller = new AbortController();
  const consume = vi.fn(() => {
    if (consume.mock.calls.length === 5) controller.abort(new Error('over'));
    return true;
  });
  const { run } = rateLimiter({ consume, limit: 1_000 });
  await expect(
    run({ signal: controller.signal, name: 'one', attempt: 1, timeoutMs: 1 }),
  ).rejects.toThrow('over');
  expect(consume).toHaveBeenCalledTimes(5);
});

test('options: every fault is named; every minute unless told otherwise', () => {
  // @ts-expect-error -- none of it is right
  expect(() => rateLimiter({ consume: 1, limit: 5_000, key: 'a b', store: 1 })).toThrow(
    /consume: .*limit: .*key: .*store: there is no such option/,
  );
  expect(rateLimiter({ consume: () => true }).every).toBe('1m');
});
