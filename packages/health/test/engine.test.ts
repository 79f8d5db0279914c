import { describe, expect, test, vi } from 'vitest';
import { createHealth, type HealthEvent } from '../src/index.ts';
import { deferred, manualClock, settle } from './manual-clock.ts';

const probe = (path: string) => new Request(`http://localhost${path}`);

describe('one attempt at a time', () => {
  test('a check that never settles is called once by 3,000 probes, which are all answered', async () => {
    const clock = manualClock();
    const run = vi.fn(() => new Promise<void>(() => {}));
    const health = createHealth({ checks: { stuck: run }, clock });
    let answeredCount = 0;
    for (let index = 0; index < 3_000; index += 1) {
      void (async () => {
        const response = await health.fetch(probe('/readyz'));
        if (response.status === 503) answeredCount += 1;
      })();
      if (index % 100 === 0) await clock.advance(5_000);
    }
    await clock.advance(60_000);
    expect(answeredCount).toBe(3_000);
    expect(run).toHaveBeenCalledTimes(1);
    expect(health.report().checks.stuck).toMatchObject({ code: 'timeout', running: true });
    expect(clock.timerCount).toBe(0);
    await health.stop();
  });

  test('a late success is not a success, and only then may a new attempt run', async () => {
    const clock = manualClock();
    const first = deferred();
    const run = vi.fn<() => Promise<void>>().mockReturnValueOnce(first.promise).mockResolvedValue();
    const health = createHealth({ checks: { slow: run }, clock });
    const report = health.check('ready');
    await clock.advance(1_000);
    expect((await report).code).toBe('timeout');
    await clock.advance(100_000);
    expect((await health.check('ready')).code).toBe('timeout');
    expect(run).toHaveBeenCalledTimes(1);

    first.resolve();
    await settle();
    expect(health.report('ready').status).toBe('fail');
    expect((await health.check('ready')).status).toBe('pass');
    expect(run).toHaveBeenCalledTimes(2);
    await health.stop();
  });

  test('a result after a blocked event loop is late although the timer has not fired', async () => {
    const clock = manualClock();
    const result = deferred();
    const health = createHealth({ checks: { slow: () => result.promise }, clock });
    const report = health.check();
    clock.block(1_000);
    result.resolve();
    expect((await report).checks.slow).toMatchObject({ status: 'fail', code: 'timeout' });
    expect(clock.timerCount).toBe(0);
    await health.stop();
  });

  test('the signal is aborted at the limit, with the limit as the reason', async () => {
    const clock = manualClock();
    let signal: AbortSignal | undefined;
    const health = createHealth({
      defaults: { timeout: '250ms' },
      checks: {
        slow: (context) => {
          signal = context.signal;
          expect(context).toMatchObject({ name: 'slow', attempt: 1, timeoutMs: 250 });
          return new Promise<void>(() => {});
        },
      },
      clock,
    });
    const report = health.check();
    await clock.advance(249);
    expect(signal?.aborted).toBe(false);
    await clock.advance(1);
    expect(signal?.reason).toMatchObject({ code: 'ERR_OPS_TIMEOUT', timeoutMs: 250 });
    expect((await report).status).toBe('fail');
    await health.stop();
  });

  test('a check that asks for itself ends with its limit', async () => {
    const clock = manualClock();
    const health: { check(): Promise<{ code: string }>; stop(): Promise<void> } = createHealth({
      checks: {
        self: async () => {
          await health.check();
        },
      },
      clock,
    });
    const report = health.check();
    await clock.advance(1_000);
    expect((await report).code).toBe('timeout');
    await health.stop();
  });

  test('checks run in parallel', async () => {
    const clock = manualClock();
    const started: string[] = [];
    const slow = ({ name }: { name: string }) => {
      started.push(name);
      return new Promise<void>(() => {});
    };
    const health = createHealth({ checks: { a: slow, b: slow, c: slow }, clock });
    const report = health.check();
    expect(started).toEqual(['a', 'b', 'c']);
    await clock.advance(1_000);
    expect((await report).status).toBe('fail');
    expect(clock.monotonic()).toBe(1_000);
    await health.stop();
  });
});

describe('caching', () => {
  test('a result is used until its ttl, and then while the next attempt runs', async () => {
    const clock = manualClock();
    const second = deferred();
    const run = vi
      .fn<() => Promise<void>>()
      .mockResolvedValueOnce()
      .mockReturnValueOnce(second.promise);
    const health = createHealth({ checks: { one: run }, clock });
    await health.fetch(probe('/readyz'));
    await clock.advance(4_999);
    await health.fetch(probe('/readyz'));
    expect(run).toHaveBeenCalledTimes(1);

    await clock.advance(1);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => health.fetch(probe('/readyz'))),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200));
    expect(run).toHaveBeenCalledTimes(2);

    second.reject(new Error('down'));
    await settle();
    expect((await health.fetch(probe('/readyz'))).status).toBe(503);
    await health.stop();
  });

  test('a result older than maxStale is not believed: the report fails, a probe waits for another', async () => {
    const clock = manualClock();
    const second = deferred();
    const run = vi
      .fn<() => Promise<void>>()
      .mockResolvedValueOnce()
      .mockReturnValueOnce(second.promise);
    const health = createHealth({ checks: { one: run }, clock });
    await health.check();
    await clock.advance(16_000);
    expect(health.report().status).toBe('pass');
    await clock.advance(1);
    expect(health.report()).toMatchObject({ status: 'fail', code: 'stale' });
    expect(health.report().checks.one).toMatchObject({ raw: 'fail', durationMs: undefined });

    let answer: Response | undefined;
    void (async () => {
      answer = await health.fetch(probe('/readyz'));
    })();
    await settle();
    expect(answer).toBeUndefined();
    second.resolve();
    await settle();
    expect(answer?.status).toBe(200);
    await health.stop();
  });

  test('the first probe waits for the limit at most', async () => {
    const clock = manualClock();
    const health = createHealth({
      checks: {
        fast: () => {},
        slow: { run: () => new Promise<void>(() => {}), timeout: '300ms' },
      },
      clock,
    });
    let answer: Response | undefined;
    void (async () => {
      answer = await health.fetch(probe('/readyz'));
    })();
    await clock.advance(299);
    expect(answer).toBeUndefined();
    await clock.advance(1);
    expect(answer?.status).toBe(503);
    await health.stop();
  });

  test('a jump of the wall clock makes nothing stale', async () => {
    const clock = manualClock();
    let jumpMs = 0;
    const run = vi.fn();
    const health = createHealth({
      checks: { one: run },
      clock: { ...clock, now: () => clock.now() + jumpMs },
    });
    await health.check();
    jumpMs = 86_400_000;
    expect((await health.check()).status).toBe('pass');
    expect(run).toHaveBeenCalledTimes(1);
    await health.stop();
  });
});

describe('waiting', () => {
  test('a probe that goes away stops nothing', async () => {
    const clock = manualClock();
    const result = deferred();
    let signal: AbortSignal | undefined;
    const health = createHealth({
      checks: {
        one: (context) => {
          signal = context.signal;
          return result.promise;
        },
      },
      clock,
    });
    const controller = new AbortController();
    const gone = health.fetch(
      new Request('http://localhost/readyz', { signal: controller.signal }),
    );
    const other = health.fetch(probe('/readyz'));
    controller.abort();
    await settle();
    expect(signal?.aborted).toBe(false);
    result.resolve();
    expect((await other).status).toBe(200);
    expect((await gone).status).toBe(200);
    await health.stop();
  });

  test("check()'s signal stops the waiting only", async () => {
    const clock = manualClock();
    const result = deferred();
    const health = createHealth({ checks: { one: () => result.promise }, clock });
    const controller = new AbortController();
    const reason = new Error('not interested');
    const gone = health.check('all', { signal: controller.signal });
    const other = health.check();
    controller.abort(reason);
    await expect(gone).rejects.toBe(reason);
    result.resolve();
    expect((await other).status).toBe('pass');
    await expect(health.check('all', { signal: controller.signal })).rejects.toBe(reason);
    await health.stop();
  });
});

describe('groups', () => {
  const failing = () => {
    throw new Error('down');
  };

  test('the worst member decides; the failure of one that is not critical is a warning', async () => {
    const health = createHealth({
      checks: {
        fine: () => {},
        slow: () => ({ status: 'warn', value: 2, unit: 's' }),
        down: failing,
        optional: { run: failing, critical: false },
      },
      groups: {
        ready: ['fine', 'optional'],
        soft: ['fine', 'slow'],
        hard: ['slow', 'down'],
        none: [],
      },
    });
    await health.check();
    expect(health.report('ready')).toMatchObject({ status: 'warn', code: 'error' });
    expect(health.report('soft')).toMatchObject({ status: 'warn', code: 'threshold' });
    expect(health.report('hard')).toMatchObject({ status: 'fail', code: 'error' });
    expect(health.report('none')).toMatchObject({ status: 'pass', code: 'ok', checks: {} });
    expect(health.report('live').status).toBe('pass');
    expect(health.report('ready').checks.optional).toMatchObject({ status: 'warn', raw: 'fail' });
    expect(Object.keys(health.report('hard').checks)).toEqual(['slow', 'down']);
    await health.stop();
  });

  test('before the first result ready and startup fail and live passes', async () => {
    const health = createHealth({
      checks: { one: () => {} },
      groups: { live: ['one'], ready: ['one'], startup: ['one'] },
    });
    expect(health.report('ready')).toMatchObject({ status: 'fail', code: 'not_run' });
    expect(health.report('startup')).toMatchObject({ status: 'fail', code: 'not_run' });
    expect(health.report('live')).toMatchObject({ status: 'pass', code: 'ok' });
    await health.stop();
  });

  test('startup passes for good once it has passed, and is not run again for it', async () => {
    const clock = manualClock();
    const run = vi
      .fn<() => Promise<void>>()
      .mockResolvedValueOnce()
      .mockRejectedValue(new Error('x'));
    const health = createHealth({
      checks: { schema: run },
      groups: { ready: [], startup: ['schema'] },
      clock,
    });
    expect((await health.fetch(probe('/startupz'))).status).toBe(200);
    await clock.advance(100_000);
    expect(await (await health.fetch(probe('/startupz?verbose'))).text()).toBe(
      '[+]schema ok\nstartupz check passed\n',
    );
    expect(run).toHaveBeenCalledTimes(1);
    await health.check();
    expect(health.report('startup')).toMatchObject({ status: 'pass', code: 'ok' });
    expect(health.report('startup').checks.schema.status).toBe('fail');
    await health.stop();
  });

  test('an unknown group is an error that names the known ones', async () => {
    const health = createHealth({ checks: {} });
    // @ts-expect-error -- no such group
    expect(() => health.report('raedy')).toThrow(
      "expected one of live, ready, startup, all, got 'raedy'",
    );
    // @ts-expect-error -- no such group
    await expect(health.check('raedy')).rejects.toMatchObject({ code: 'ERR_OPS_INVALID_OPTIONS' });
    await health.stop();
  });
});

describe('events', () => {
  test('only changes are told', async () => {
    const clock = manualClock();
    const events: HealthEvent[] = [];
    let isDown = false;
    const health = createHealth({
      checks: {
        database: () => {
          if (isDown) throw Object.assign(new Error('connect failed'), { code: 'ECONNREFUSED' });
        },
      },
      onEvent: (event) => events.push(event),
      clock,
    });
    const round = async () => {
      await clock.advance(5_000);
      await health.check();
      return events.splice(0).map((event) => ({ ...event, at: event.at.toISOString() }));
    };
    const at = '2026-01-01T00:00:05.000Z';
    expect(await round()).toEqual([
      { type: 'change', check: 'database', from: 'not_run', to: 'pass', code: 'ok', at },
      { type: 'group-change', group: 'ready', from: 'fail', to: 'pass', code: 'ok', at },
      { type: 'group-change', group: 'all', from: 'fail', to: 'pass', code: 'ok', at },
    ]);
    expect(await round()).toEqual([]);
    isDown = true;
    expect(await round()).toMatchObject([
      { type: 'change', from: 'pass', to: 'fail', code: 'refused', message: 'connect failed' },
      { type: 'group-change', from: 'pass', to: 'fail', code: 'refused' },
      { type: 'group-change', from: 'pass', to: 'fail', code: 'refused' },
    ]);
    expect(await round()).toEqual([]);
    isDown = false;
    expect(await round()).toMatchObject([
      { to: 'pass', code: 'ok' },
      { to: 'pass' },
      { to: 'pass' },
    ]);
    await health.stop();
  });

  test('a listener that throws or rejects breaks nothing', async () => {
    const health = createHealth({
      checks: { one: () => {} },
      onEvent: (event): void => {
        if (event.type === 'change') throw new Error('listener');
        return Promise.reject(new Error('listener')) as unknown as undefined;
      },
    });
    expect((await health.check()).status).toBe('pass');
    await settle();
    await health.stop();
  });
});

describe('the end', () => {
  test('drain withdraws readiness at once, leaves live alone, and resolves after the delay', async () => {
    const clock = manualClock();
    const events: HealthEvent[] = [];
    const health = createHealth({
      checks: { one: () => {} },
      onEvent: (e) => events.push(e),
      clock,
    });
    await health.check();
    events.length = 0;
    let isDrained = false;
    const drained = (async () => {
      await health.drain({ delay: '5s' });
      isDrained = true;
    })();
    expect(health.report('ready')).toMatchObject({ status: 'fail', code: 'shutting_down' });
    expect(health.report('live').status).toBe('pass');
    expect((await health.fetch(probe('/readyz'))).status).toBe(503);
    expect((await health.fetch(probe('/health'))).status).toBe(503);
    expect((await health.fetch(probe('/livez'))).status).toBe(200);
    expect(events).toMatchObject([
      { type: 'group-change', to: 'fail', code: 'shutting_down' },
      { type: 'group-change', to: 'fail', code: 'shutting_down' },
    ]);
    await clock.advance(4_999);
    expect(isDrained).toBe(false);
    await clock.advance(1);
    await drained;
    const again = health.drain({ delay: 0 });
    await clock.advance(0);
    await again;
    await health.stop();
  });

  test('the wait of a drain can be aborted, and ends with stop', async () => {
    const clock = manualClock();
    const health = createHealth({ checks: {}, clock });
    const controller = new AbortController();
    const aborted = health.drain({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    const drained = health.drain({ delay: '1h' });
    await health.stop();
    await drained;
    expect(clock.timerCount).toBe(0);
  });

  test('stop aborts what runs, closes each check once, and starts nothing any more', async () => {
    const clock = manualClock();
    let signal: AbortSignal | undefined;
    const close = vi.fn(async () => {
      throw new Error('cannot close');
    });
    const run = vi.fn((context: { signal: AbortSignal }) => {
      signal = context.signal;
      return new Promise<void>(() => {});
    });
    const health = createHealth({ checks: { one: { run, close } }, clock });
    const waiting = health.check();
    const probing = health.fetch(probe('/readyz'));
    expect(health.stop()).toBe(health.stop());
    await health[Symbol.asyncDispose]();
    expect(signal?.aborted).toBe(true);
    expect(close).toHaveBeenCalledTimes(1);
    expect(await waiting).toMatchObject({ status: 'fail', code: 'shutting_down' });
    expect((await probing).status).toBe(503);
    await health.check();
    expect(run).toHaveBeenCalledTimes(1);
    expect(clock.timerCount).toBe(0);
  });

  test('a close that hangs is waited for no longer than the limit', async () => {
    const clock = manualClock();
    const health = createHealth({
      checks: { one: { run: () => {}, close: () => new Promise<void>(() => {}) } },
      clock,
    });
    const stopped = health.stop();
    await clock.advance(1_000);
    await stopped;
    expect(clock.timerCount).toBe(0);
  });

  test('a `run` that uses this finds it', async () => {
    class Limiter {
      critical = false;
      run() {
        return { value: this.critical };
      }
    }
    const health = createHealth({ checks: { limiter: new Limiter() } });
    expect((await health.check()).checks.limiter).toMatchObject({ status: 'pass', value: false });
    await health.stop();
  });
});
