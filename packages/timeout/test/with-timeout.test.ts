import { getEventListeners } from 'node:events';
import { TimeoutError as BaseTimeoutError } from 'p-timeout';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Clock, InvalidOptionsError, TimeoutError, withTimeout } from '../src/index.ts';

const never = (): Promise<never> => new Promise(() => {});

describe('withTimeout', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
  });

  it('resolves with the value and leaves no timer', async () => {
    await expect(withTimeout(async () => 42, '5s')).resolves.toBe(42);
    await expect(withTimeout(() => 'not a promise', 5)).resolves.toBe('not a promise');
  });

  it('rejects with the error of the operation, thrown or rejected', async () => {
    const error = new RangeError('mine');
    await expect(withTimeout(() => Promise.reject(error), '5s')).rejects.toBe(error);
    await expect(
      withTimeout(() => {
        throw error;
      }, '5s'),
    ).rejects.toBe(error);
  });

  it('rejects when the time is up and tells the operation so', async () => {
    let seen: AbortSignal | undefined;
    const result = withTimeout(({ signal }) => {
      seen = signal;
      return never();
    }, '5s');
    const outcome = result.catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(seen?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    const error = await outcome;
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toBeInstanceOf(BaseTimeoutError);
    expect(error).toMatchObject({
      name: 'TimeoutError',
      code: 'ERR_OPS_TIMEOUT',
      scope: 'total',
      timeoutMs: 5_000,
    });
    expect(seen?.aborted).toBe(true);
    expect(seen?.reason).toBe(error);
  });

  it("rejects at once with the caller's identical reason", async () => {
    const controller = new AbortController();
    let seen: AbortSignal | undefined;
    const outcome = withTimeout(
      ({ signal }) => {
        seen = signal;
        return never();
      },
      '5s',
      { signal: controller.signal },
    ).catch((error: unknown) => error);
    const reason = { any: 'value' };
    controller.abort(reason);
    expect(await outcome).toBe(reason);
    expect(seen?.reason).toBe(reason);
  });

  it('does not start the operation for a caller who has aborted already', async () => {
    const operation = vi.fn(never);
    const signal = AbortSignal.abort('gone');
    await expect(withTimeout(operation, '5s', { signal })).rejects.toBe('gone');
    expect(operation).not.toHaveBeenCalled();
  });

  it("leaves no listener on the caller's signal, however it ends", async () => {
    const { signal } = new AbortController();
    await withTimeout(async () => 1, '5s', { signal });
    await withTimeout(() => Promise.reject(new Error('no')), '5s', { signal }).catch(() => {});
    const timedOut = withTimeout(never, '5s', { signal }).catch(() => {});
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(5_000);
    await timedOut;
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('drops a late rejection instead of crashing the process', async () => {
    const unhandled = vi.fn();
    process.once('unhandledRejection', unhandled);
    let fail: (error: Error) => void = () => {};
    const late = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const outcome = withTimeout(() => late, 10).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(10);
    expect(await outcome).toBeInstanceOf(TimeoutError);
    fail(new Error('late'));
    await vi.advanceTimersByTimeAsync(1);
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('does not fire at once for more than a timer can hold', async () => {
    const finished = withTimeout(
      () => new Promise((resolve) => setTimeout(() => resolve('done'), 60_000)),
      '90d',
    );
    await vi.advanceTimersByTimeAsync(60_000);
    await expect(finished).resolves.toBe('done');
  });

  it.each([0, -1, Number.NaN, '5 seconds'])('refuses %s before starting', async (duration) => {
    const operation = vi.fn(never);
    await expect(withTimeout(operation, duration as number)).rejects.toBeInstanceOf(
      InvalidOptionsError,
    );
    expect(operation).not.toHaveBeenCalled();
  });

  it('waits by the clock it is given', async () => {
    const scheduled: { callback: () => void; delayMs: number }[] = [];
    const clock: Clock = {
      now: () => 0,
      monotonic: () => 0,
      setTimeout: (callback, delayMs) => scheduled.push({ callback, delayMs }),
      clearTimeout: (timer) => {
        scheduled.splice(Number(timer) - 1, 1);
      },
    };
    const outcome = withTimeout(never, '2s', { clock }).catch((error: unknown) => error);
    expect(scheduled.map(({ delayMs }) => delayMs)).toEqual([2_000]);
    scheduled[0]?.callback();
    expect(await outcome).toBeInstanceOf(TimeoutError);
    expect(scheduled).toEqual([]);
  });
});
