import { describe, expect, it, vi } from 'vitest';
import {
  attemptsOf,
  backoff,
  CircuitOpenError,
  circuitBreaker,
  deadline,
  type PipelineEvent,
  pipeline,
  retry,
  retryBudget,
  timeout,
  type Verdict,
} from '../src/index.ts';
import { assertNothingLeft, manualClock } from '../src/testing/index.ts';
import { caught, never, watch } from './outcomes.ts';

const down = new Error('down');

describe('retry', () => {
  it('repeats until it succeeds, telling the attempt', async () => {
    const clock = manualClock();
    const run = pipeline({ clock }, retry({ backoff: backoff.constant(100) }), timeout('1s'));
    const attempts: number[] = [];
    const seen = watch(
      run(({ attempt }) => {
        attempts.push(attempt);
        return attempt < 3 ? Promise.reject(down) : 'well';
      }),
    );
    await clock.advance(199);
    expect(attempts).toEqual([1, 2]);
    await clock.advance(1);
    expect(seen.value).toBe('well');
    expect(attempts).toEqual([1, 2, 3]);
    assertNothingLeft({ clock });
  });

  it('throws the last error itself, with its attempts beside it, and does not wait after it', async () => {
    const clock = manualClock();
    const errors = [new Error('first'), new Error('second')];
    const run = pipeline({ clock }, retry({ retries: 1, backoff: backoff.constant(100) }));
    const seen = watch(run(({ attempt }) => Promise.reject(errors[attempt - 1])));
    await clock.advance(100);
    expect(seen.error).toBe(errors[1]);
    expect(attemptsOf(seen.error)).toEqual([
      {
        attempt: 1,
        outcome: { ok: false, error: errors[0] },
        verdict: 'ambiguous',
        endedAt: clock.now() - 100,
      },
      {
        attempt: 2,
        outcome: { ok: false, error: errors[1] },
        verdict: 'ambiguous',
        endedAt: clock.now(),
      },
    ]);
    expect(attemptsOf('text')).toEqual([]);
    expect(attemptsOf(undefined)).toEqual([]);
    assertNothingLeft({ clock });
  });

  it.each([
    undefined,
    null,
    'text',
    0,
    { status: 503 },
    Object.freeze(new Error('frozen')),
    new TypeError('fetch failed'),
    Object.create(null),
  ])('carries %s through attempts as it is, thrown or returned', async (thing: unknown) => {
    const classify = (): Verdict => ({ kind: 'rejected' });
    const run = pipeline({ classify }, retry({ backoff: backoff.constant(0) }));
    const throwing = vi.fn(() => Promise.reject(thing as Error));
    expect(await caught(run(throwing))).toBe(thing);
    const returning = vi.fn(async () => thing);
    expect(await run(returning)).toBe(thing);
    expect([throwing.mock.calls.length, returning.mock.calls.length]).toEqual([3, 3]);
  });

  it.each<[Verdict['kind'], boolean | undefined, number]>([
    ['success', true, 1],
    ['ignore', true, 1],
    ['failure', true, 1],
    ['not-sent', false, 3],
    ['rejected', false, 3],
    ['ambiguous', false, 1],
    ['ambiguous', true, 3],
    ['ambiguous', undefined, 3],
  ])('an error judged %s with idempotent %s is tried %d times', async (kind, idempotent, count) => {
    const operation = vi.fn(() => Promise.reject(down));
    const run = pipeline({ classify: () => ({ kind }) }, retry({ backoff: backoff.constant(0) }));
    await expect(run(operation, { idempotent })).rejects.toBe(down);
    expect(operation).toHaveBeenCalledTimes(count);
  });

  it('waits at least what is asked for, with chance above it only', async () => {
    for (const random of [0, 0.5, 0.999]) {
      const clock = manualClock();
      const events: PipelineEvent[] = [];
      const run = pipeline(
        {
          clock,
          random: () => random,
          classify: (): Verdict => ({ kind: 'rejected', afterMs: 2_000 }),
          onEvent: (event) => events.push(event),
        },
        retry({ retries: 1, backoff: backoff.constant(100) }),
      );
      const outcome = caught(run(() => Promise.reject(down)));
      await clock.advance(2_400);
      expect(await outcome).toBe(down);
      expect(events[0]).toMatchObject({ type: 'retry', delayMs: 2_000 * (1 + 0.2 * random) });
    }
  });

  it('stops at once when the wait would pass the deadline, just as it would be reached', async () => {
    const operation = vi.fn(() => Promise.reject(down));
    const clock = manualClock();
    const make = (delayMs: number): Promise<unknown> =>
      caught(
        pipeline(
          { clock },
          deadline(1_000),
          retry({ retries: 1, backoff: backoff.constant(delayMs) }),
        )(operation),
      );
    expect(await make(999)).toBe(down);
    expect(operation).toHaveBeenCalledTimes(1);
    const other = make(998);
    await clock.advance(998);
    expect(await other).toBe(down);
    expect(operation).toHaveBeenCalledTimes(3);
    assertNothingLeft({ clock });
  });

  it('begins nothing when a late timer ends the wait after the deadline', async () => {
    const clock = manualClock();
    const operation = vi.fn(() => Promise.reject(down));
    // A busy event loop: the timer comes an hour late.
    const late = {
      ...clock,
      monotonic: () => clock.monotonic() * 60,
    };
    const run = pipeline(
      { clock: late },
      deadline('1m'),
      retry({ retries: 3, backoff: backoff.constant('10s') }),
    );
    const seen = watch(run(operation));
    await clock.advance(10_000);
    expect(seen.error).toBe(down);
    expect(operation).toHaveBeenCalledTimes(1);
  });

  it('sleeps longer than a timer can hold', async () => {
    const clock = manualClock();
    const operation = vi.fn(() => Promise.reject(down));
    const seen = watch(
      pipeline({ clock }, retry({ retries: 1, backoff: backoff.constant('60d') }))(operation),
    );
    await clock.advance(60 * 86_400_000 - 1);
    expect(operation).toHaveBeenCalledTimes(1);
    await clock.advance(1);
    expect(seen.error).toBe(down);
    expect(operation).toHaveBeenCalledTimes(2);
    assertNothingLeft({ clock });
  });

  it('waits for an open circuit by its retryAfterMs instead of burning attempts', async () => {
    const clock = manualClock();
    const breaker = circuitBreaker({ consecutive: 1, openFor: '5s', clock });
    const operation = vi.fn(({ attempt }: { attempt: number }) =>
      attempt === 1 ? Promise.reject(down) : Promise.resolve('well'),
    );
    const run = pipeline({ clock }, retry({ backoff: backoff.constant(10) }), breaker);
    const seen = watch(run(operation));
    await clock.advance(10);
    expect(breaker.state()).toBe('open');
    await clock.advance(6_000);
    expect(seen.value).toBe('well');
    // The second attempt was turned away.
    expect(operation.mock.calls.map(([{ attempt }]) => attempt)).toEqual([1, 3]);
  });

  it('gives up at once on a circuit that is isolated', async () => {
    const breaker = circuitBreaker({ consecutive: 1 });
    breaker.isolate();
    const error = await caught(pipeline(retry(), breaker)(async () => 1));
    expect(error).toBeInstanceOf(CircuitOpenError);
    expect(error).toMatchObject({ retryAfterMs: Infinity });
  });

  it('draws repetitions from its budget', async () => {
    const clock = manualClock();
    const budget = retryBudget({ ratio: 0.2, minPerSecond: 0, clock });
    const operation = vi.fn(() => Promise.reject(down));
    const run = pipeline({ clock }, retry({ retries: 1, budget, backoff: backoff.constant(0) }));
    for (let count = 0; count < 100; count += 1) await caught(run(operation));
    expect(operation).toHaveBeenCalledTimes(120);
  });

  it('rejects with what its backoff throws', async () => {
    const bug = new Error('bug');
    const run = pipeline(
      retry({
        backoff: () => {
          throw bug;
        },
      }),
    );
    await expect(run(() => Promise.reject(down))).rejects.toBe(bug);
  });

  it.each([
    ['backoff', retry({ retries: 50, backoff: () => Number.NaN }), undefined],
    ['afterMs', retry({ retries: 50 }), Number.NaN],
  ])('does not take NaN from %s for no wait at all', async (_name, policy, afterMs) => {
    const operation = vi.fn(() => Promise.reject(down));
    const run = pipeline({ classify: (): Verdict => ({ kind: 'rejected', afterMs }) }, policy);
    await expect(run(operation)).rejects.toThrow(/expected milliseconds.*got NaN/);
    expect(operation).toHaveBeenCalledTimes(1);
  });

  it('an abort in the second attempt rejects at once with its reason', async () => {
    const clock = manualClock();
    const controller = new AbortController();
    const seen = watch(
      pipeline({ clock }, retry({ backoff: backoff.constant(0) }))(
        ({ attempt }) => (attempt === 1 ? Promise.reject(down) : never()),
        { signal: controller.signal },
      ),
    );
    await clock.advance(1);
    controller.abort(null);
    await clock.advance(0);
    expect(seen).toEqual({ error: null });
    assertNothingLeft({ clock, signals: [controller.signal] });
  });

  it.each([
    [{ retries: -1 }, /retries: expected a whole number from 0 to 100, got -1/],
    [{ retries: 1.5 }, /retries/],
    [{ retries: Number.NaN }, /retries: .* got NaN/],
    [{ retries: () => 'a long text' }, /retries: .* got a function$/],
    [{ retires: 2 }, /retires: no such option \(there are retries, backoff/],
    [
      { backoff: 250, maxRetryAfter: 'soon' },
      /backoff: expected a function, got 250.*maxRetryAfter: expected mill/,
    ],
    [{ budget: {} }, /budget: expected an object with deposit, withdraw, got an object/],
    [null, /expected an options object, got null/],
  ])('refuses %j', (options, message) => {
    expect(() => retry(options as object)).toThrow(message);
  });
});
