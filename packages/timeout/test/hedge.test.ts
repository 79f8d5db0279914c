import { describe, expect, it, vi } from 'vitest';
import {
  backoff,
  type Context,
  circuitBreaker,
  type HedgeOptions,
  hedge,
  type PipelineEvent,
  pipeline,
  retry,
  retryBudget,
  timeout,
} from '../src/index.ts';
import { assertNothingLeft, manualClock } from '../src/testing/index.ts';
import { caught, gate, never, watch } from './outcomes.ts';

describe('hedge', () => {
  it('starts a second copy after the delay, takes the first answer and stops the other', async () => {
    const clock = manualClock();
    const controller = new AbortController();
    const signals: AbortSignal[] = [];
    const second = gate<string>();
    const breaker = circuitBreaker({ consecutive: 1, clock });
    const run = pipeline({ clock }, hedge({ delay: 200 }), breaker, timeout('5s'));
    const seen = watch(
      run(
        ({ signal }) => {
          signals.push(signal);
          return signals.length === 1 ? never() : second.promise;
        },
        { signal: controller.signal },
      ),
    );
    await clock.advance(199);
    expect(signals).toHaveLength(1);
    await clock.advance(1);
    expect(signals).toHaveLength(2);
    second.resolve('second');
    await clock.advance(0);
    expect(seen.value).toBe('second');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(signals[0]?.reason).toMatchObject({ name: 'AbortError' });
    // The loser is no evidence.
    expect(breaker.state()).toBe('closed');
    assertNothingLeft({ clock, signals: [controller.signal] });
  });

  it('a quick answer starts nothing', async () => {
    const clock = manualClock();
    const operation = vi.fn(async () => 1);
    await pipeline({ clock }, hedge({ delay: 200 }))(operation);
    await clock.advance(1_000);
    expect(operation).toHaveBeenCalledTimes(1);
  });

  it('a failure waits for the copy that still runs; the last failure counts', async () => {
    const clock = manualClock();
    const gates = [gate<number>(), gate<number>()];
    let count = 0;
    const operation = (): Promise<number> => {
      count += 1;
      return gates[count - 1]?.promise ?? never();
    };
    const seen = watch(pipeline({ clock }, hedge({ delay: 10 }))(operation));
    await clock.advance(10);
    gates[0]?.reject(new Error('first'));
    await clock.advance(0);
    expect(seen.error).toBeUndefined();
    const last = new Error('second');
    gates[1]?.reject(last);
    await clock.advance(0);
    expect(seen.error).toBe(last);
    assertNothingLeft({ clock });
  });

  it('a failure that repeating cannot help ends it at once', async () => {
    const clock = manualClock();
    const signals: AbortSignal[] = [];
    const first = gate<number>();
    const classify = (): { kind: 'failure' } => ({ kind: 'failure' });
    const seen = watch(
      pipeline(
        { clock, classify },
        hedge({ delay: 10 }),
      )(({ signal }) => {
        signals.push(signal);
        return signals.length === 1 ? first.promise : never();
      }),
    );
    await clock.advance(10);
    const error = new Error('bad request');
    first.reject(error);
    await clock.advance(0);
    expect(seen.error).toBe(error);
    expect(signals[1]?.aborted).toBe(true);
  });

  it('never runs a call twice that is not idempotent', async () => {
    const clock = manualClock();
    const operation = vi.fn(never);
    void caught(pipeline({ clock }, hedge({ delay: 10 }))(operation, { idempotent: false }));
    await clock.advance(1_000);
    expect(operation).toHaveBeenCalledTimes(1);
  });

  it('an abort stops all copies at once, with its reason', async () => {
    const clock = manualClock();
    const controller = new AbortController();
    const contexts: Context[] = [];
    const seen = watch(
      pipeline({ clock }, hedge({ delay: 10, copies: 2 }))(
        (context) => {
          contexts.push(context);
          return never();
        },
        { signal: controller.signal },
      ),
    );
    await clock.advance(500);
    expect(contexts).toHaveLength(3);
    controller.abort('left');
    await clock.advance(0);
    expect(seen.error).toBe('left');
    expect(contexts.map(({ signal }) => signal.reason as unknown)).toEqual([
      'left',
      'left',
      'left',
    ]);
    assertNothingLeft({ clock, signals: [controller.signal] });
  });

  it('starts no copy when the listener of the event aborts', async () => {
    const clock = manualClock();
    const controller = new AbortController();
    const operation = vi.fn(never);
    const onEvent = ({ type }: PipelineEvent): void => {
      if (type === 'hedge') controller.abort('left');
    };
    const run = pipeline({ clock, onEvent }, hedge({ delay: 10 }));
    const seen = watch(run(operation, { signal: controller.signal }));
    await clock.advance(10);
    expect(seen.error).toBe('left');
    expect(operation).toHaveBeenCalledTimes(1);
    assertNothingLeft({ clock, signals: [controller.signal] });
  });

  it('waits for the observed quantile once it is known, hedged calls included', async () => {
    const clock = manualClock();
    const run = pipeline({ clock }, hedge({ delay: '1h', quantile: 0.9 }));
    for (let count = 1; count <= 20; count += 1) {
      const { promise, resolve } = gate<number>();
      const call = run(() => promise);
      await clock.advance(count * 10);
      resolve(1);
      await call;
    }
    const operation = vi.fn(never);
    void run(operation);
    await clock.advance(189);
    expect(operation).toHaveBeenCalledTimes(1);
    await clock.advance(1);
    expect(operation).toHaveBeenCalledTimes(2);
  });

  it('shares a budget with retry, which a call feeds once', async () => {
    const clock = manualClock();
    const budget = retryBudget({ ratio: 0.5, minPerSecond: 0, clock });
    const deposit = vi.spyOn(budget, 'deposit');
    const operation = vi.fn(() => Promise.reject(new Error('down')));
    const run = pipeline(
      { clock },
      retry({ retries: 1, budget, backoff: backoff.constant(0) }),
      hedge({ delay: 10, budget }),
    );
    for (let count = 0; count < 4; count += 1) await caught(run(operation));
    expect(deposit).toHaveBeenCalledTimes(4);
    expect(operation).toHaveBeenCalledTimes(6);
    // The two repetitions used it up: no copy either.
    const slow = vi.fn(never);
    void run(slow);
    await clock.advance(10);
    expect(slow).toHaveBeenCalledTimes(1);
  });

  it('rejects with what classify throws', async () => {
    const bug = new Error('bug');
    const classify = (): never => {
      throw bug;
    };
    const clock = manualClock();
    expect(await caught(pipeline({ clock, classify }, hedge({ delay: 10 }))(async () => 1))).toBe(
      bug,
    );
    assertNothingLeft({ clock });
  });

  it.each([
    [{}, /delay: expected a duration, got none/],
    [
      { delay: -1, quantile: 1, copies: 0, dely: 1 },
      /quantile: .*delay: .*copies: .*dely: no such option/,
    ],
  ])('refuses %j', (options, message) => {
    expect(() => hedge(options as HedgeOptions)).toThrow(message);
  });
});
