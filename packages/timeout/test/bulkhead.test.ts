import { describe, expect, it, vi } from 'vitest';
import {
  BulkheadFullError,
  type BulkheadOptions,
  bulkhead,
  deadlineIn,
  type PipelineEvent,
  pipeline,
} from '../src/index.ts';
import { assertNothingLeft, manualClock } from '../src/testing/index.ts';
import { caught, gate, never, watch } from './outcomes.ts';

describe('bulkhead', () => {
  it('runs so many, lets so many wait in order, and turns the rest away', async () => {
    const limit = bulkhead({ limit: 2, queue: 2 });
    const run = pipeline(limit);
    const gates = Array.from({ length: 4 }, () => gate<number>());
    const started: number[] = [];
    const calls = gates.map(({ promise }, index) =>
      run(() => {
        started.push(index);
        return promise;
      }),
    );
    const error = await caught(run(never));
    expect(error).toBeInstanceOf(BulkheadFullError);
    expect(error).toMatchObject({ code: 'ERR_OPS_BULKHEAD_FULL', limit: 2, queue: 2 });
    expect(started).toEqual([0, 1]);
    for (const [index, { resolve }] of gates.entries()) {
      resolve(index);
      expect(await calls[index]).toBe(index);
    }
    expect(started).toEqual([0, 1, 2, 3]);
    expect(limit.stats()).toEqual({ running: 0, queued: 0 });
  });

  it('gives the place back when the operation fails, and when it throws at once', async () => {
    const limit = bulkhead({ limit: 1 });
    const run = pipeline(limit);
    await caught(run(() => Promise.reject(new Error('down'))));
    await caught(
      run(() => {
        throw new Error('at once');
      }),
    );
    expect(limit.stats()).toEqual({ running: 0, queued: 0 });
  });

  it('limits each key by itself', async () => {
    const run = pipeline(bulkhead({ limit: 1 }));
    const { promise, resolve } = gate<number>();
    const first = run(() => promise, { key: 'a' });
    await expect(run(async () => 2, { key: 'b' })).resolves.toBe(2);
    expect(await caught(run(never, { key: 'a' }))).toMatchObject({ key: 'a' });
    resolve(1);
    await first;
  });

  it('a wait that is too long has a scope of its own', async () => {
    const clock = manualClock();
    const limit = bulkhead({ limit: 1, queue: 5, queueTimeout: '2s' });
    const run = pipeline({ clock }, limit);
    const { promise, resolve } = gate<number>();
    const first = run(() => promise);
    const queued = watch(run(never));
    const hurried = watch(run(never, { deadline: deadlineIn('1s', clock) }));
    await clock.advance(1_000);
    expect(hurried.error).toMatchObject({ scope: 'total', timeoutMs: 1_000, attempts: 0 });
    expect(queued.error).toBeUndefined();
    await clock.advance(1_000);
    expect(queued.error).toMatchObject({
      scope: 'queue',
      timeoutMs: 2_000,
      elapsedMs: 2_000,
      attempts: 0,
    });
    expect(limit.stats()).toEqual({ running: 1, queued: 0 });
    resolve(1);
    await first;
    assertNothingLeft({ clock });
  });

  it('hears an abort that comes from the listener of its event', async () => {
    const clock = manualClock();
    const controller = new AbortController();
    const limit = bulkhead({ limit: 1, queue: 1, queueTimeout: '2s' });
    const onEvent = ({ type }: PipelineEvent): void => {
      if (type === 'bulkhead-queued') controller.abort('left');
    };
    const run = pipeline({ clock, onEvent }, limit);
    const { promise, resolve } = gate<number>();
    const first = run(() => promise);
    expect(await caught(run(never, { signal: controller.signal }))).toBe('left');
    expect(limit.stats()).toEqual({ running: 1, queued: 0 });
    assertNothingLeft({ clock, signals: [controller.signal] });
    resolve(1);
    await first;
  });

  it('does not lose a place that is handed over in the moment of an abort', async () => {
    const limit = bulkhead({ limit: 1, queue: 1 });
    const run = pipeline(limit);
    const controller = new AbortController();
    const { promise, resolve } = gate<number>();
    const operation = vi.fn(never);
    const first = run(() => promise).finally(() => controller.abort('left'));
    const second = caught(run(operation, { signal: controller.signal }));
    resolve(1);
    await first;
    expect(await second).toBe('left');
    await vi.waitFor(() => expect(limit.stats()).toEqual({ running: 0, queued: 0 }));
    await expect(run(async () => 3)).resolves.toBe(3);
    assertNothingLeft({ signals: [controller.signal] });
  });

  it('does not count a wait of more than a timer can hold as over', async () => {
    const clock = manualClock();
    const run = pipeline({ clock }, bulkhead({ limit: 1, queue: 1, queueTimeout: '90d' }));
    const { promise, resolve } = gate<number>();
    const first = run(() => promise);
    const second = run(async () => 2);
    await clock.advance(1_000);
    resolve(1);
    expect([await first, await second]).toEqual([1, 2]);
  });

  it.each([
    [{}, /limit: expected a whole number of 1 or more, got none/],
    [{ limit: 0, queue: -1, que: 1 }, /limit: .*got 0.*queue: .*got -1.*que: no such option/],
    [undefined, /expected an options object, got undefined/],
  ])('refuses %j', (options, message) => {
    expect(() => bulkhead(options as BulkheadOptions)).toThrow(message);
  });
});
