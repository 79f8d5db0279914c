import { describe, expect, it, vi } from 'vitest';
import {
  type BreakerSnapshot,
  BulkheadFullError,
  type CircuitBreaker,
  type CircuitBreakerOptions,
  CircuitOpenError,
  circuitBreaker,
  InvalidOptionsError,
  pipeline,
  type Run,
  TimeoutError,
  timeout,
  type Verdict,
} from '../src/index.ts';
import { assertNothingLeft, type ManualClock, manualClock } from '../src/testing/index.ts';
import { caught, gate, never, watch } from './outcomes.ts';

interface Setup {
  readonly clock: ManualClock;
  readonly breaker: CircuitBreaker;
  readonly run: Run;
  readonly fail: (key?: string) => Promise<unknown>;
  readonly succeed: (key?: string) => Promise<unknown>;
}

function setup(options: CircuitBreakerOptions): Setup {
  const clock = manualClock();
  const breaker = circuitBreaker({ ...options, clock });
  const run = pipeline({ clock }, breaker);
  return {
    clock,
    breaker,
    run,
    fail: (key) => caught(run(() => Promise.reject(new Error('down')), { key })),
    succeed: (key) => run(async () => 'well', { key }),
  };
}

async function times(count: number, work: () => Promise<unknown>): Promise<void> {
  for (let done = 0; done < count; done += 1) await work();
}

describe('circuitBreaker', () => {
  it('opens at the ratio, not before the minimum, and says when to come back', async () => {
    const { clock, breaker, fail, succeed } = setup({
      window: '30s',
      failureRatio: 0.5,
      minimum: 10,
      openFor: '15s',
    });
    await times(5, succeed);
    await times(4, fail);
    expect(breaker.state()).toBe('closed');
    await fail();
    expect(breaker.state()).toBe('open');
    await clock.advance(5_000);
    expect(await caught(succeed())).toMatchObject({
      name: 'CircuitOpenError',
      code: 'ERR_OPS_CIRCUIT_OPEN',
      key: '',
      retryAfterMs: 10_000,
    });
  });

  it('forgets bucket by bucket', async () => {
    const { clock, breaker, fail } = setup({ window: '10s', failureRatio: 1, minimum: 4 });
    await times(2, fail);
    await clock.advance(5_000);
    await fail();
    await clock.advance(5_000);
    // The first two are gone, the third is not.
    await times(2, fail);
    expect(breaker.state()).toBe('closed');
    await fail();
    expect(breaker.state()).toBe('open');
  });

  it('opens after failures in a row, which a success breaks', async () => {
    const { breaker, fail, succeed } = setup({ consecutive: 3 });
    await times(2, fail);
    await succeed();
    await times(2, fail);
    expect(breaker.state()).toBe('closed');
    await fail();
    expect(breaker.state()).toBe('open');
  });

  it('opens on slow calls though all succeed', async () => {
    const { clock, breaker, run } = setup({ slowRatio: 0.5, slowCall: '2s', minimum: 2 });
    const slow = async (ms: number): Promise<void> => {
      const { promise, resolve } = gate<void>();
      const call = run(() => promise);
      await clock.advance(ms);
      resolve(undefined);
      await call;
    };
    await slow(1_999);
    expect(breaker.state()).toBe('closed');
    await slow(2_000);
    expect(breaker.state()).toBe('open');
    await clock.advance(15_000);
    await slow(2_000);
    expect(breaker.state()).toBe('open');
  });

  it('stays open longer after each failed probe, up to the most, and starts anew when closed', async () => {
    const { clock, breaker, fail, succeed } = setup({
      consecutive: 1,
      openFor: 1_000,
      maxOpenFor: 3_000,
    });
    await fail();
    for (const openMs of [1_000, 2_000, 3_000, 3_000]) {
      await clock.advance(openMs - 1);
      expect(await fail()).toBeInstanceOf(CircuitOpenError);
      await clock.advance(1);
      expect(await fail()).not.toBeInstanceOf(CircuitOpenError);
    }
    await clock.advance(3_000);
    await succeed();
    expect(breaker.state()).toBe('closed');
    await fail();
    expect(await fail()).toMatchObject({ retryAfterMs: 1_000 });
  });

  it('lets no more probes in than it may, and closes after that many good ones', async () => {
    const { clock, breaker, run, fail } = setup({ consecutive: 1, openFor: 1_000, probes: 2 });
    await fail();
    await clock.advance(1_000);
    const gates = [gate<number>(), gate<number>()];
    const probes = gates.map(({ promise }) => run(() => promise));
    expect(await fail()).toBeInstanceOf(CircuitOpenError);
    gates[0]?.resolve(1);
    await probes[0];
    expect(breaker.state()).toBe('half-open');
    expect(await fail()).toBeInstanceOf(CircuitOpenError);
    gates[1]?.resolve(1);
    await probes[1];
    expect(breaker.state()).toBe('closed');
  });

  it('an aborted probe gives its place back and is no evidence', async () => {
    const { clock, breaker, run, fail, succeed } = setup({ consecutive: 1, openFor: 1_000 });
    await fail();
    await clock.advance(1_000);
    const controller = new AbortController();
    const probe = caught(run(never, { signal: controller.signal }));
    controller.abort('left');
    expect(await probe).toBe('left');
    expect(breaker.state()).toBe('half-open');
    await succeed();
    expect(breaker.state()).toBe('closed');
    assertNothingLeft({ clock, signals: [controller.signal] });
  });

  it('a probe that never comes back does not hold the circuit for ever', async () => {
    const { clock, breaker, run, fail, succeed } = setup({ consecutive: 1, openFor: 1_000 });
    await fail();
    await clock.advance(1_000);
    const { promise, reject } = gate<never>();
    const lost = caught(run(() => promise));
    expect(await fail()).toMatchObject({ retryAfterMs: 1_000 });
    await clock.advance(1_000);
    await succeed();
    expect(breaker.state()).toBe('closed');
    reject(new Error('late'));
    await lost;
    expect(breaker.state()).toBe('closed');
  });

  it.each([
    ['closes it when it succeeds', 'closed', 0],
    ['opens it for longer when it fails', 'open', 2_000],
  ])('a probe slower than the open time still counts: it %s', async (_what, state, openMs) => {
    const { clock, breaker, run, fail } = setup({ consecutive: 1, openFor: 1_000 });
    await fail();
    await clock.advance(1_000);
    const probe = gate<string>();
    const slow = watch(run(() => probe.promise));
    // Traffic that goes on, of which one a second may probe as well.
    const others = vi.fn(never);
    for (let passedMs = 0; passedMs < 2_500; passedMs += 100) {
      run(others).catch(() => {});
      await clock.advance(100);
    }
    expect(others).toHaveBeenCalledTimes(2);
    expect(breaker.state()).toBe('half-open');
    if (state === 'closed') probe.resolve('well');
    else probe.reject(new Error('down'));
    await clock.advance(0);
    expect(Object.keys(slow)).toHaveLength(1);
    expect(breaker.state()).toBe(state);
    expect(breaker.snapshot().circuits[0]?.[1].openMs).toBe(openMs);
  });

  it('a late probe that is aborted frees no place but its own', async () => {
    const { clock, run, fail } = setup({ consecutive: 1, openFor: 1_000 });
    await fail();
    await clock.advance(1_000);
    const controller = new AbortController();
    const late = caught(run(never, { signal: controller.signal }));
    await clock.advance(1_000);
    run(never).catch(() => {});
    controller.abort('left');
    expect(await late).toBe('left');
    expect(await fail()).toBeInstanceOf(CircuitOpenError);
  });

  it.each<[string, Verdict['kind'], boolean]>([
    ['opens it', 'failure', true],
    ['opens it', 'ambiguous', true],
    ['opens it', 'not-sent', true],
    ['does nothing', 'rejected', false],
    ['does nothing', 'ignore', false],
    ['does nothing', 'success', false],
  ])('%s: an outcome judged %s', async (_what, kind, opens) => {
    const breaker = circuitBreaker({ consecutive: 1 });
    const run = pipeline({ classify: () => ({ kind }) }, breaker);
    await run(async () => ({ status: 429 }));
    expect(breaker.state()).toBe(opens ? 'open' : 'closed');
  });

  it('a caller who aborts is no evidence, a timeout further in or out is', async () => {
    const clock = manualClock();
    const abort = new AbortController();
    const breaker = circuitBreaker({ consecutive: 1, clock });
    const aborted = caught(
      pipeline({ clock }, breaker, timeout(10))(never, { signal: abort.signal }),
    );
    // A reason that looks like our own.
    abort.abort(new TimeoutError('total', 5));
    await aborted;
    expect(breaker.state()).toBe('closed');
    const inside = watch(pipeline({ clock }, breaker, timeout(10))(never));
    await clock.advance(10);
    expect(inside.error).toBeInstanceOf(TimeoutError);
    expect(breaker.state()).toBe('open');
    const other = circuitBreaker({ consecutive: 1, clock });
    const outside = watch(pipeline({ clock }, timeout(10), other)(never));
    await clock.advance(10);
    expect(outside.error).toBeInstanceOf(TimeoutError);
    expect(other.state()).toBe('open');
  });

  it('being turned away further in is no evidence', async () => {
    const { breaker, run } = setup({ consecutive: 1 });
    await caught(run(() => Promise.reject(new BulkheadFullError('', 1, 0))));
    await caught(run(() => Promise.reject(new CircuitOpenError('', 1))));
    await caught(run(() => Promise.reject(new TimeoutError('queue', 1))));
    expect(breaker.state()).toBe('closed');
  });

  it('gives the place back when classify throws', async () => {
    const clock = manualClock();
    const breaker = circuitBreaker({ consecutive: 1, openFor: 1_000, clock });
    await caught(pipeline({ clock }, breaker)(() => Promise.reject(new Error('down'))));
    await clock.advance(1_000);
    const bug = new Error('bug');
    const classify = (): never => {
      throw bug;
    };
    expect(await caught(pipeline({ clock, classify }, breaker)(async () => 1))).toBe(bug);
    await pipeline({ clock }, breaker)(async () => 1);
    expect(breaker.state()).toBe('closed');
  });

  it('keeps a circuit for each key', async () => {
    const { breaker, fail, succeed } = setup({ consecutive: 1 });
    await fail('wave');
    expect([breaker.state('wave'), breaker.state('shopify')]).toEqual(['open', 'closed']);
    await expect(succeed('shopify')).resolves.toBe('well');
    expect(await caught(succeed('wave'))).toMatchObject({ key: 'wave' });
  });

  it('forgets closed circuits, and open ones only when there is nothing else', async () => {
    const { clock, breaker, fail, succeed } = setup({
      consecutive: 1,
      maxKeys: 4,
      idleFor: '1m',
      openFor: '2m',
    });
    await fail('open');
    for (let key = 0; key < 50; key += 1) await succeed(`key ${key}`);
    expect(breaker.state('open')).toBe('open');
    expect(breaker.snapshot().circuits).toHaveLength(4);
    await clock.advance(60_000);
    // Key 49 was the one in use until now; the other closed one has been idle.
    await succeed('new');
    expect(breaker.snapshot().circuits.map(([key]) => key)).toEqual(['open', 'key 49', 'new']);
    for (let key = 0; key < 5; key += 1) await fail(`bad ${key}`);
    expect(breaker.snapshot().circuits).toHaveLength(4);
  });

  it('does not take the one in use for idle', async () => {
    const { clock, breaker, fail, succeed } = setup({ consecutive: 2, idleFor: '1m' });
    await fail('busy');
    await clock.advance(120_000);
    await succeed('new');
    await fail('busy');
    expect(breaker.state('busy')).toBe('open');
  });

  it('is opened by hand for one key or all, until every holder lets go', async () => {
    const { breaker, succeed } = setup({ consecutive: 1 });
    const one = breaker.isolate('wave');
    const all = breaker.isolate();
    expect([breaker.state('wave'), breaker.state()]).toEqual(['isolated', 'isolated']);
    expect(await caught(succeed('shopify'))).toMatchObject({
      retryAfterMs: Infinity,
      message: 'Circuit "shopify" is open; isolated by hand',
    });
    all[Symbol.dispose]();
    all[Symbol.dispose]();
    await succeed('shopify');
    expect(await caught(succeed('wave'))).toBeInstanceOf(CircuitOpenError);
    one[Symbol.dispose]();
    await succeed('wave');
  });

  it('is carried over by a snapshot, older by the wall clock', async () => {
    const before = setup({ consecutive: 2, failureRatio: 1, minimum: 3, openFor: '10s' });
    await times(2, () => before.fail('open'));
    await times(2, () => before.fail('half'));
    await before.clock.advance(3_000);
    await before.fail('counted');
    const snapshot = JSON.parse(JSON.stringify(before.breaker.snapshot())) as BreakerSnapshot;

    const after = setup({ consecutive: 9, failureRatio: 1, minimum: 3, openFor: '10s' });
    await after.clock.advance(5_000);
    after.breaker.restore(snapshot);
    expect(await after.fail('open')).toMatchObject({ retryAfterMs: 5_000 });
    await times(2, () => after.fail('counted'));
    expect(after.breaker.state('counted')).toBe('open');
    // Long afterwards nothing is left of the window, and the circuit may be probed.
    const later = setup({ consecutive: 9, failureRatio: 1, minimum: 3, openFor: '10s' });
    await later.clock.advance(3_600_000);
    later.breaker.restore(snapshot);
    await times(2, () => later.fail('counted'));
    expect(later.breaker.state('counted')).toBe('closed');
    await expect(later.succeed('open')).resolves.toBe('well');
    // A wall clock that was set back makes nothing open for longer than it was.
    const earlier = setup({ consecutive: 9, openFor: '10s' });
    earlier.clock.jump(-86_400_000);
    earlier.breaker.restore(snapshot);
    expect(await earlier.fail('open')).toMatchObject({ retryAfterMs: 7_000 });
  });

  it.each([
    null,
    {},
    { takenAt: 1, circuits: [['key', { isOpen: true }]] },
    { takenAt: Number.NaN, circuits: [] },
    {
      takenAt: 1,
      circuits: [['key', { isOpen: true, openMs: -1, openCount: 1, consecutive: 0, buckets: [] }]],
    },
    {
      takenAt: 1,
      circuits: [
        ['key', { isOpen: true, openMs: 1, openCount: 1, consecutive: 0, buckets: [[1, 1]] }],
      ],
    },
  ])('refuses to restore %j and changes nothing', (snapshot) => {
    const { breaker } = setup({ consecutive: 1 });
    expect(() => breaker.restore(snapshot as unknown as BreakerSnapshot)).toThrow(
      InvalidOptionsError,
    );
    expect(breaker.snapshot().circuits).toEqual([]);
  });

  it('tells its transitions through the pipeline', async () => {
    const clock = manualClock();
    const onEvent = vi.fn();
    const breaker = circuitBreaker({ consecutive: 1, openFor: 1_000, clock });
    const run = pipeline({ clock, onEvent }, breaker);
    await caught(run(() => Promise.reject(new Error('down')), { key: 'wave' }));
    await clock.advance(1_000);
    await run(async () => 1, { key: 'wave' });
    const circuit = (from: string, to: string): object => ({
      type: 'circuit',
      key: 'wave',
      from,
      to,
    });
    expect(onEvent.mock.calls.map(([event]) => event as object)).toEqual([
      circuit('closed', 'open'),
      expect.objectContaining({ type: 'settled', ok: false }),
      circuit('open', 'half-open'),
      circuit('half-open', 'closed'),
      expect.objectContaining({ type: 'settled', ok: true }),
    ]);
  });

  it.each([
    [{}, /expected failureRatio, consecutive or slowRatio/],
    [
      { consecutive: 1, window: '1s', bucket: '2s' },
      /window: expected at least one bucket \(2000 ms\), got 1000 ms/,
    ],
    [{ failureRatio: 0 }, /failureRatio: expected a number/],
    [{ failureRatio: 1.5 }, /failureRatio: .* from .* to 1, got 1.5/],
    [{ slowRatio: 0.5 }, /slowRatio and slowCall: expected both or neither/],
    [{ consecutive: 1, openFor: '10s', maxOpenFor: '5s' }, /maxOpenFor: expected at least openFor/],
    [
      { consecutive: 1, openFor: -5, probes: 0, wndow: 3 },
      /openFor: .*probes: .*wndow: no such option/,
    ],
    [{ consecutive: 1, window: '1h', bucket: '1s' }, /bucket: expected at most 1000/],
  ])('refuses %j', (options, message) => {
    expect(() => circuitBreaker(options as CircuitBreakerOptions)).toThrow(message);
  });
});
