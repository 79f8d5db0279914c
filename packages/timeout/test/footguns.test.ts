// Faults of other libraries that were reproduced, by their names in the field note.
import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import {
  attemptsOf,
  backoff,
  bulkhead,
  CircuitOpenError,
  circuitBreaker,
  deadline,
  pipeline,
  retry,
  TimeoutError,
  timeout,
  withTimeout,
} from '../src/index.ts';
import { assertNothingLeft, manualClock } from '../src/testing/index.ts';
import { caught, gate as makeGate, never, watch } from './outcomes.ts';

describe('footguns', () => {
  it('F1: an abort during the backoff rejects at once with its reason and starts nothing', async () => {
    const clock = manualClock();
    const controller = new AbortController();
    const operation = vi.fn(() => Promise.reject(new Error('down')));
    const run = pipeline({ clock }, retry({ backoff: backoff.constant(400) }), timeout('1s'));
    const seen = watch(run(operation, { signal: controller.signal }));
    await clock.advance(50);
    const reason = new Error('the user went away');
    controller.abort(reason);
    await clock.advance(0);
    expect(seen.error).toBe(reason);
    await clock.advance(10_000);
    expect(operation).toHaveBeenCalledTimes(1);
    assertNothingLeft({ clock, signals: [controller.signal] });
  });

  it('F2: an abort during an attempt is not told as a timeout', async () => {
    const clock = manualClock();
    const controller = new AbortController();
    const onEvent = vi.fn();
    const run = pipeline({ clock, onEvent }, timeout(300));
    const seen = watch(run(never, { signal: controller.signal }));
    await clock.advance(30);
    controller.abort('left');
    await clock.advance(0);
    expect(seen.error).toBe('left');
    expect(onEvent).not.toHaveBeenCalled();
    assertNothingLeft({ clock, signals: [controller.signal] });
  });

  it('F3: an abort in the queue of a bulkhead rejects at once and frees its place', async () => {
    const clock = manualClock();
    const controller = new AbortController();
    const gate = makeGate<string>();
    const limit = bulkhead({ limit: 1, queue: 1 });
    const run = pipeline({ clock }, limit);
    const first = run(() => gate.promise);
    const queued = watch(run(never, { signal: controller.signal }));
    await clock.advance(30);
    expect(limit.stats()).toEqual({ running: 1, queued: 1 });
    controller.abort('left');
    await clock.advance(0);
    expect(queued.error).toBe('left');
    expect(limit.stats()).toEqual({ running: 1, queued: 0 });
    gate.resolve('done');
    await expect(first).resolves.toBe('done');
    assertNothingLeft({ clock, signals: [controller.signal] });
  });

  it('F4: the window of a breaker forgets failures while it is idle', async () => {
    const clock = manualClock();
    const breaker = circuitBreaker({ window: '10s', failureRatio: 0.5, minimum: 5, clock });
    const run = pipeline({ clock }, breaker);
    const fail = (): Promise<unknown> => caught(run(() => Promise.reject(new Error('down'))));
    for (let count = 0; count < 4; count += 1) await fail();
    await clock.advance(3_600_000);
    await fail();
    expect(breaker.state()).toBe('closed');
  });

  it('F5: a wall clock that is set back does not hold a circuit open', async () => {
    const clock = manualClock();
    const breaker = circuitBreaker({ consecutive: 1, openFor: '1s', clock });
    const run = pipeline({ clock }, breaker);
    await caught(run(() => Promise.reject(new Error('down'))));
    clock.jump(-3_600_000);
    expect(await caught(run(async () => 1))).toBeInstanceOf(CircuitOpenError);
    await clock.advance(1_000);
    await expect(run(async () => 1)).resolves.toBe(1);
    expect(breaker.state()).toBe('closed');
  });

  it('F6: beside a probe others are turned away at once, not held behind it', async () => {
    const clock = manualClock();
    const breaker = circuitBreaker({ consecutive: 1, openFor: '1s', clock });
    const run = pipeline({ clock }, breaker);
    await caught(run(() => Promise.reject(new Error('down'))));
    await clock.advance(1_000);
    const gate = makeGate<string>();
    const probe = run(() => gate.promise);
    const error = await caught(run(async () => 2));
    expect(error).toBeInstanceOf(CircuitOpenError);
    expect((error as CircuitOpenError).retryAfterMs).toBeGreaterThan(0);
    gate.resolve('well');
    await expect(probe).resolves.toBe('well');
    expect(breaker.state()).toBe('closed');
  });

  it('F7: a failure of a call from before the trip does not open the circuit again', async () => {
    const clock = manualClock();
    const breaker = circuitBreaker({ consecutive: 1, openFor: '1s', clock });
    const run = pipeline({ clock }, breaker);
    const late = makeGate<never>();
    const old = caught(run(() => late.promise));
    await caught(run(() => Promise.reject(new Error('down'))));
    await clock.advance(1_000);
    const gate = makeGate<string>();
    const probe = run(() => gate.promise);
    expect(breaker.state()).toBe('half-open');
    late.reject(new Error('from before'));
    await old;
    expect(breaker.state()).toBe('half-open');
    gate.resolve('well');
    await probe;
    expect(breaker.state()).toBe('closed');
  });

  it('F8: the timeout of one call does not abort another', async () => {
    const clock = manualClock();
    const run = pipeline({ clock }, circuitBreaker({ consecutive: 9, clock }), timeout(100));
    const slow = watch(run(never));
    await clock.advance(90);
    let other: AbortSignal | undefined;
    const gate = makeGate<string>();
    const quick = run(({ signal }) => {
      other = signal;
      return gate.promise;
    });
    await clock.advance(20);
    expect(slow.error).toBeInstanceOf(TimeoutError);
    expect(other?.aborted).toBe(false);
    gate.resolve('quick');
    await expect(quick).resolves.toBe('quick');
  });

  it('F9: a breaker holds no timer, open or closed', async () => {
    const clock = manualClock();
    const breaker = circuitBreaker({ consecutive: 1, clock });
    expect(clock.pendingCount).toBe(0);
    await caught(pipeline({ clock }, breaker)(() => Promise.reject(new Error('down'))));
    expect(breaker.state()).toBe('open');
    expect(clock.pendingCount).toBe(0);
  });

  it('F12: every attempt gets a signal of its own', async () => {
    const clock = manualClock();
    const signals: AbortSignal[] = [];
    const run = pipeline({ clock }, retry({ backoff: backoff.constant(10) }), timeout(100));
    const seen = watch(
      run(({ signal, attempt }) => {
        signals.push(signal);
        return attempt === 1 ? never() : Promise.resolve(signal.aborted);
      }),
    );
    await clock.advance(1_000);
    expect(seen.value).toBe(false);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  });

  it('F14: a wait of an hour fails at once with the last outcome instead of being slept', async () => {
    const clock = manualClock();
    const busy = new Error('busy');
    const operation = vi.fn(() => Promise.reject(busy));
    const classify = (): { kind: 'rejected'; afterMs: number } => ({
      kind: 'rejected',
      afterMs: 3_600_000,
    });
    await expect(pipeline({ clock, classify }, retry())(operation)).rejects.toBe(busy);
    const limited = pipeline({ clock, classify }, deadline('30s'), retry({ maxRetryAfter: '9d' }));
    await expect(limited(operation)).rejects.toBe(busy);
    expect(operation).toHaveBeenCalledTimes(2);
    assertNothingLeft({ clock });
  });

  it('F15: an abort cuts a running attempt off that ignores its signal', async () => {
    const clock = manualClock();
    const controller = new AbortController();
    const seen = watch(pipeline({ clock }, retry())(never, { signal: controller.signal }));
    await clock.advance(50);
    controller.abort('left');
    await clock.advance(0);
    expect(seen.error).toBe('left');
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('F16: no attempt begins after the limit, and none is slept towards', async () => {
    const clock = manualClock();
    const down = new Error('down');
    const operation = vi.fn(() => Promise.reject(down));
    const onEvent = vi.fn();
    const run = pipeline(
      { clock, onEvent },
      deadline(100),
      retry({ backoff: backoff.constant(1_000) }),
      timeout('1s'),
    );
    await expect(run(operation)).rejects.toBe(down);
    expect(clock.monotonic()).toBe(0);
    expect(operation).toHaveBeenCalledTimes(1);
    expect(onEvent).toHaveBeenCalledWith(
      expect.objectContaining({ type: 'retry-stopped', reason: 'deadline' }),
    );
  });

  it.each([
    ['an AbortError', new DOMException('stopped', 'AbortError')],
    ['a bug', new TypeError('undefined is not a function')],
    ['a bad port', new TypeError('fetch failed', { cause: new Error('bad port') })],
  ])('F17: %s of the operation itself is not repeated', async (_name, error) => {
    const operation = vi.fn(() => Promise.reject(error));
    await expect(pipeline(retry())(operation)).rejects.toBe(error);
    expect(operation).toHaveBeenCalledTimes(1);
  });

  it('F18: the operation is told to stop when its time is up', async () => {
    const clock = manualClock();
    let seen: AbortSignal | undefined;
    const outcome = caught(
      withTimeout(
        ({ signal }) => {
          seen = signal;
          return never();
        },
        100,
        { clock },
      ),
    );
    await clock.advance(100);
    expect(seen?.reason).toBe(await outcome);
  });

  it('F21: every wait and every measurement can be moved by a clock of the test', async () => {
    const clock = manualClock();
    const down = new Error('down');
    const run = pipeline(
      { clock },
      deadline('1h'),
      retry({ retries: 1, backoff: backoff.constant('20m') }),
      circuitBreaker({ failureRatio: 1, minimum: 2, clock }),
      timeout('10m'),
    );
    const seen = watch(run(({ attempt }) => (attempt === 1 ? Promise.reject(down) : never())));
    await clock.advance(20 * 60_000);
    expect(seen.error).toBeUndefined();
    await clock.advance(10 * 60_000);
    expect(seen.error).toMatchObject({ scope: 'attempt', elapsedMs: 600_000, attempts: 2 });
    expect(attemptsOf(seen.error).map(({ endedAt }) => endedAt - clock.now())).toEqual([
      -30 * 60_000,
      0,
    ]);
  });
});
