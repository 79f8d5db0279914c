import { getEventListeners } from 'node:events';
import { TimeoutError as BaseTimeoutError } from 'p-timeout';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Clock, InvalidOptionsError, TimeoutError, withTimeout } from '../src/index.ts';
import { gate, never } from './outcomes.ts';

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
    // An operation that settles within this turn gets no listener and no timer at all.
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    await Promise.resolve();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(5_000);
    await timedOut;
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('has let go of timer and signal in the very turn in which the caller goes on', async () => {
    const controller = new AbortController();
    const { promise, resolve } = gate<string>();
    let inner: AbortSignal | undefined;
    const outcome = withTimeout(
      ({ signal }) => {
        inner = signal;
        return promise;
      },
      '5s',
      { signal: controller.signal },
    );
    await vi.advanceTimersByTimeAsync(10);
    expect([getEventListeners(controller.signal, 'abort').length, vi.getTimerCount()]).toEqual([
      1, 1,
    ]);
    resolve('well');
    expect(await outcome).toBe('well');
    expect([getEventListeners(controller.signal, 'abort').length, vi.getTimerCount()]).toEqual([
      0, 0,
    ]);
    controller.abort('later');
    expect(inner?.aborted).toBe(false);
  });

  it('counts from the call, also when the time goes by before the next turn', async () => {
    const outcome = withTimeout(never, '5s').catch((error: unknown) => error);
    vi.advanceTimersByTime(5_000);
    expect(await outcome).toMatchObject({ scope: 'total', elapsedMs: 5_000 });
    const controller = new AbortController();
    const aborted = withTimeout(never, '5s', { signal: controller.signal }).catch(
      (error: unknown) => error,
    );
    vi.advanceTimersByTime(4_000);
    controller.abort('left');
    expect(await aborted).toBe('left');
    const late = withTimeout(never, '5s').catch((error: unknown) => error);
    vi.advanceTimersByTime(4_999);
    await vi.advanceTimersByTimeAsync(1);
    expect(await late).toMatchObject({ elapsedMs: 5_000 });
  });

  it('an abort beats an answer that was ready when it came', async () => {
    const controller = new AbortController();
    const answered = withTimeout(async () => 1, '5s', { signal: controller.signal });
    controller.abort('left');
    await expect(answered).rejects.toBe('left');
    const failed = withTimeout(
      () => {
        const again = new AbortController();
        again.abort();
        return Promise.reject(new Error('no'));
      },
      '5s',
      { signal: new AbortController().signal },
    );
    await expect(failed).rejects.toThrow('no');
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

  it.each([{ signal: new AbortController() }, null])(
    'refuses the options %o by a rejection, before starting',
    async (options) => {
      const operation = vi.fn(never);
      await expect(withTimeout(operation, '1s', options as object)).rejects.toThrow(TypeError);
      expect(operation).not.toHaveBeenCalled();
    },
  );

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
