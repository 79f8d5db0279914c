import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import {
  backoff,
  bulkhead,
  type Context,
  circuitBreaker,
  deadline,
  deadlineIn,
  fallback,
  hedge,
  InvalidOptionsError,
  noDeadline,
  type PipelineOptions,
  type Policy,
  pipeline,
  type RunOptions,
  retry,
  retryBudget,
  TimeoutError,
  timeout,
} from '../src/index.ts';
import { assertNothingLeft, manualClock } from '../src/testing/index.ts';
import { caught, never, watch } from './outcomes.ts';

const makers: Record<string, () => Policy> = {
  bulkhead: () => bulkhead({ limit: 1 }),
  circuitBreaker: () => circuitBreaker({ consecutive: 1 }),
  deadline: () => deadline('1s'),
  fallback: () => fallback(() => 1),
  hedge: () => hedge({ delay: 1 }),
  retry: () => retry({ backoff: backoff.constant(0) }),
  timeout: () => timeout('1s'),
};
const make = (names: string): Policy[] =>
  names.split(' ').map((name) => makers[name]?.() as Policy);

const untouched = vi.fn(never);
const badRun = (options: object | null, settings: PipelineOptions = {}): Promise<unknown> =>
  pipeline(settings)(untouched, options as RunOptions);
const bug = (): never => {
  throw new TypeError('bug');
};

describe('pipeline', () => {
  it('runs the call of its documentation and hands in the context', async () => {
    const run = pipeline(
      bulkhead({ limit: 20, queue: 50 }),
      deadline('30s'),
      retry({
        retries: 2,
        backoff: backoff.exponential({ base: '250ms', max: '8s', jitter: 'full' }),
        budget: retryBudget(),
      }),
      circuitBreaker({ window: '30s', failureRatio: 0.5, minimum: 10, openFor: '15s' }),
      timeout('10s'),
    );
    const { signal } = new AbortController();
    const context = await run(async (given) => given, { signal, key: 'wave', idempotent: true });
    expect(context).toMatchObject({ attempt: 1, key: 'wave', idempotent: true });
    expect(context.deadline.remainingMs()).toBeLessThanOrEqual(30_000);
    expect(context.signal).toBeInstanceOf(AbortSignal);
    expect(context.signal).not.toBe(signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it.each([
    [
      'timeout retry',
      /retry inside timeout.*one timeout.*Write pipeline\(retry\(…\), timeout\(…\)\)/,
    ],
    [
      'circuitBreaker retry',
      /retry inside circuitBreaker.*Write pipeline\(retry\(…\), circuitBreaker/,
    ],
    ['retry deadline', /deadline inside retry.*Write pipeline\(deadline\(…\), retry/],
    ['retry fallback', /fallback inside retry/],
    ['circuitBreaker fallback', /fallback inside circuitBreaker/],
    ['timeout fallback', /fallback inside timeout/],
    ['hedge retry', /retry inside hedge/],
    ['hedge fallback', /fallback inside hedge/],
    ['retry retry', /retry twice/],
    ['timeout deadline timeout', /timeout twice/],
    [
      'timeout circuitBreaker retry deadline',
      /inside timeout.*inside circuitBreaker.*inside retry.*Write pipeline\(deadline\(…\), retry\(…\), circuitBreaker\(…\), timeout\(…\)\)/,
    ],
  ])('refuses %s and says what to write', (names, message) => {
    expect(() => pipeline(...make(names))).toThrow(InvalidOptionsError);
    expect(() => pipeline(...make(names))).toThrow(message);
  });

  it.each([
    'fallback bulkhead deadline retry circuitBreaker hedge timeout',
    'deadline retry bulkhead timeout',
    'hedge circuitBreaker timeout',
    'deadline fallback retry',
  ])('takes %s', async (names) => {
    await expect(pipeline(...make(names))(async () => 'well')).resolves.toBe('well');
  });

  it('names every fault of its options at once', () => {
    const options = { onEvent: 1, retires: 2 } as object;
    expect(() => pipeline(options, ...make('timeout retry'))).toThrow(
      /^pipeline: onEvent: expected a function, got 1; retry inside timeout.*; retires: no such option/,
    );
    expect(() => pipeline(timeout('1s'), {} as Policy)).toThrow(/argument 2 is not a policy/);
    expect(() => pipeline({}, null as unknown as Policy)).toThrow(/argument 2 is not a policy/);
    expect(() => pipeline(null as unknown as Policy)).toThrow(InvalidOptionsError);
  });

  it.each(Object.keys(makers))('passes value and error through %s as they are', async (name) => {
    const run = pipeline(...make(name));
    const value = { any: 'value' };
    expect(await run(() => value)).toBe(value);
    for (const thrown of [new RangeError('mine'), 'text', undefined, null, { status: 503 }]) {
      if (name === 'fallback') continue;
      const other = pipeline(...make(name));
      expect(await caught(other(() => Promise.reject(thrown)))).toBe(thrown);
    }
    const thrown = new SyntaxError('at once');
    if (name === 'fallback') return;
    const throwing = pipeline(...make(name))(() => {
      throw thrown;
    });
    expect(await caught(throwing)).toBe(thrown);
  });

  it.each(Object.keys(makers))(
    'an aborted caller does not start anything through %s',
    async (name) => {
      const operation = vi.fn(never);
      const run = pipeline(...make(name));
      expect(await caught(run(operation, { signal: AbortSignal.abort('gone') }))).toBe('gone');
      expect(operation).not.toHaveBeenCalled();
    },
  );

  it.each(Object.keys(makers))(
    'an abort ends a running operation through %s at once',
    async (name) => {
      const controller = new AbortController();
      let inner: Context | undefined;
      const run = pipeline(...make(name));
      const outcome = caught(
        run(
          (context) => {
            inner = context;
            return never();
          },
          { signal: controller.signal },
        ),
      );
      await vi.waitFor(() => expect(inner).toBeDefined());
      const reason = Symbol('gone');
      controller.abort(reason);
      expect(await outcome).toBe(reason);
      expect(inner?.signal.reason).toBe(reason);
      assertNothingLeft({ signals: [controller.signal] });
    },
  );

  it('holds a deadline given to the run, with no layer for it', async () => {
    const clock = manualClock();
    const seen = watch(pipeline({ clock })(never, { deadline: deadlineIn('5s', clock) }));
    await clock.advance(5_000);
    expect(seen.error).toMatchObject({ scope: 'total', timeoutMs: 5_000, elapsedMs: 5_000 });
    assertNothingLeft({ clock });
  });

  it('does not begin when the deadline has passed', async () => {
    const clock = manualClock();
    const operation = vi.fn(never);
    const spent = deadlineIn(0, clock);
    const error = await caught(pipeline({ clock }, timeout('1s'))(operation, { deadline: spent }));
    expect(error).toMatchObject({ scope: 'total', attempts: 0 });
    expect(operation).not.toHaveBeenCalled();
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a controller for a signal', () => badRun({ signal: new AbortController() })],
    ['null for options', () => badRun(null)],
    ['a parentDeadline that throws', () => badRun({}, { parentDeadline: () => bug() })],
  ])('rejects, and never throws, on %s, before anything starts', async (_name, start) => {
    // A synchronous throw would fail here.
    const outcome = start();
    expect(await caught(outcome)).toBeInstanceOf(TypeError);
    expect(untouched).not.toHaveBeenCalled();
  });

  it('does not take for nothing what a timer cannot hold, in any layer', async () => {
    const clock = manualClock();
    const operation = vi.fn(never);
    const controller = new AbortController();
    const run = pipeline({ clock }, deadline('60d'), hedge({ delay: '40d' }), timeout('30d'));
    const seen = watch(run(operation, { signal: controller.signal }));
    await clock.advance(86_400_000);
    expect([seen.error, operation.mock.calls.length]).toEqual([undefined, 1]);
    controller.abort('left');
    await clock.advance(0);
    expect(seen.error).toBe('left');
    assertNothingLeft({ clock, signals: [controller.signal] });
  });

  it('holds deadline and abort around a policy of the caller', async () => {
    const clock = manualClock();
    const seen: string[] = [];
    const log = (name: string): Policy => ({
      kind: 'custom',
      wrap: (next) => async (operation, context) => {
        seen.push(name);
        return next(operation, context);
      },
    });
    const run = pipeline({ clock }, log('outer'), deadline('1s'), log('inner'));
    const late = watch(run(never));
    await clock.advance(1_000);
    expect(seen).toEqual(['outer', 'inner']);
    expect(late.error).toMatchObject({ scope: 'total' });
    expect(await run(() => 'not a promise')).toBe('not a promise');
  });

  it('tells attempt and total apart, with the numbers', async () => {
    const clock = manualClock();
    const run = pipeline(
      { clock },
      deadline('25s'),
      retry({ retries: 5, backoff: backoff.constant('1s') }),
      timeout('10s'),
    );
    const seen = watch(run(never));
    await clock.advance(25_000);
    expect(seen.error).toBeInstanceOf(TimeoutError);
    expect(seen.error).toMatchObject({
      scope: 'total',
      timeoutMs: 25_000,
      elapsedMs: 25_000,
      attempts: 3,
    });
    assertNothingLeft({ clock });
  });

  it('keeps the sooner of two deadlines', async () => {
    const clock = manualClock();
    const parent = deadlineIn('2s', clock);
    const run = pipeline({ clock, parentDeadline: () => parent }, deadline('30s'));
    expect(await run(({ deadline: inner }) => inner.remainingMs())).toBe(2_000);
    expect(await run(({ deadline: inner }) => inner.remainingMs(), { deadline: noDeadline })).toBe(
      2_000,
    );
    expect(
      await run((given) => given.deadline.remainingMs(), { deadline: deadlineIn(5, clock) }),
    ).toBe(5);
  });

  it('tells its listener everything, and survives it', async () => {
    const clock = manualClock();
    const events: unknown[] = [];
    const onEvent = (event: { type: string }): void => {
      events.push(event.type);
      throw new Error('a bad listener');
    };
    const run = pipeline(
      { clock, onEvent },
      bulkhead({ limit: 1 }),
      retry({ retries: 1, backoff: backoff.constant(5) }),
      // Longer than retry would wait for.
      circuitBreaker({ consecutive: 2, openFor: '2m', clock }),
      timeout(10),
    );
    const seen = watch(run(never));
    await caught(run(never));
    await clock.advance(100);
    expect(seen.error).toBeInstanceOf(TimeoutError);
    await caught(run(never));
    expect(events).toEqual([
      'bulkhead-rejected',
      'settled',
      'timeout',
      'retry',
      'timeout',
      'circuit',
      'retry-stopped',
      'settled',
      'circuit-rejected',
      'retry-stopped',
      'settled',
    ]);
  });

  it('makes the signal of an operation when it is read, aborted if it is late', async () => {
    const clock = manualClock();
    let context: Context | undefined;
    const outcome = caught(
      pipeline(
        { clock },
        timeout(10),
      )((given) => {
        context = given;
        return never();
      }),
    );
    await clock.advance(10);
    expect(context?.signal.aborted).toBe(true);
    expect(context?.signal.reason).toBe(await outcome);
    expect(context?.signal).toBe(context?.signal);
  });
});
