import { AsyncLocalStorage } from 'node:async_hooks';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { createHealth } from '../src/index.ts';
import { createSchedule } from '../src/schedule.ts';
import { deferred, manualClock, settle } from './manual-clock.ts';

const probe = () => new Request('http://localhost/readyz');

describe('createSchedule', () => {
  test('runs are every ± half the jitter apart, whatever random gives', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(fc.double(), { minLength: 1, maxLength: 8 }),
        async (jitter, draws) => {
          const clock = manualClock();
          const runs: number[] = [];
          const drawn = [...draws];
          const schedule = createSchedule(
            { everyMs: 1_000, initialDelayMs: 0, jitter },
            clock,
            () => drawn.shift() ?? 0.5,
            () => runs.push(clock.monotonic()),
          );
          schedule.start();
          schedule.start();
          for (let index = 0; index < 10; index += 1) await clock.advance(1_000);
          schedule.stop();
          schedule.start();
          await clock.advance(10_000);
          const gaps = runs.slice(1).map((run, index) => run - (runs[index] ?? 0));
          expect(runs[0]).toBe(0);
          expect(gaps.length).toBeGreaterThan(5);
          for (const gap of gaps) {
            expect(gap).toBeGreaterThanOrEqual(1_000 * (1 - jitter / 2) - 0.001);
            expect(gap).toBeLessThanOrEqual(1_000 * (1 + jitter / 2) + 0.001);
          }
          expect(clock.timerCount).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('a check with every', () => {
  test.each(['start', 'report', 'check', 'fetch', 'watch'] as const)(
    'begins with the first %s, runs by itself, and not because of probes',
    async (look) => {
      const clock = manualClock();
      const run = vi.fn();
      const health = createHealth({
        checks: { one: { run, every: '30s', jitter: 0 } },
        clock,
      });
      await clock.advance(100_000);
      expect(run).not.toHaveBeenCalled();
      await (look === 'fetch' ? health.fetch(probe()) : health[look]());
      health.start();
      expect(run).toHaveBeenCalledTimes(1);
      for (let index = 0; index < 29; index += 1) {
        await clock.advance(1_000);
        await health.fetch(probe());
        await health.check();
      }
      expect(run).toHaveBeenCalledTimes(1);
      await clock.advance(1_000);
      expect(run).toHaveBeenCalledTimes(2);
      await clock.advance(300_000);
      expect(run).toHaveBeenCalledTimes(12);
      await health.stop();
      health.start();
      await clock.advance(300_000);
      expect(run).toHaveBeenCalledTimes(12);
      expect(clock.timerCount).toBe(0);
    },
  );

  test('the first probe waits for the first run, but not for an initial delay', async () => {
    const clock = manualClock();
    const first = deferred();
    const health = createHealth({
      checks: {
        now: { run: () => first.promise, every: '30s' },
        later: { run: () => {}, every: '30s', initialDelay: '10s' },
      },
      groups: { live: ['later'], ready: ['now'], mine: ['later'] },
      clock,
    });
    let answer: Response | undefined;
    void (async () => {
      answer = await health.fetch(probe());
    })();
    await clock.advance(500);
    expect(answer).toBeUndefined();
    first.resolve();
    await clock.advance(0);
    expect(answer?.status).toBe(200);

    expect(await health.check('mine')).toMatchObject({ status: 'fail', code: 'not_run' });
    expect(health.report('live')).toMatchObject({ status: 'pass', code: 'ok' });
    await clock.advance(9_500);
    expect(health.report('mine')).toMatchObject({ status: 'pass', code: 'ok' });
    await health.stop();
  });

  test('a run that is due while another goes on is left out', async () => {
    const clock = manualClock();
    let runningCount = 0;
    let mostRunning = 0;
    const run = vi.fn(
      () =>
        new Promise<void>((resolve) => {
          runningCount += 1;
          mostRunning = Math.max(mostRunning, runningCount);
          clock.setTimeout(() => {
            runningCount -= 1;
            resolve();
          }, 25_000);
        }),
    );
    const health = createHealth({
      checks: { slow: { run, every: '10s', jitter: 0, timeout: '1m' } },
      clock,
    });
    health.start();
    await clock.advance(100_000);
    expect(mostRunning).toBe(1);
    expect(run).toHaveBeenCalledTimes(4);
    await health.stop();
    await clock.advance(25_000);
  });

  test('a schedule that has died fails at once with stale, and no probe waits', async () => {
    const clock = manualClock();
    const events: string[] = [];
    let isDead = false;
    const health = createHealth({
      checks: { one: { run: () => {}, every: '10s', jitter: 0 }, other: () => {} },
      groups: { live: ['one'], ready: ['one'] },
      onEvent: (event) => events.push(`${event.type} ${'to' in event && event.to} ${event.code}`),
      clock: { ...clock, setTimeout: (...args) => (isDead ? 0 : clock.setTimeout(...args)) },
    });
    await health.check();
    isDead = true;
    await clock.advance(10_000);
    events.length = 0;
    // The last run was at 10 s; three times every and the limit of 1 s later it is too old.
    await clock.advance(31_000);
    expect(health.report('ready').status).toBe('pass');
    clock.block(1);
    expect((await health.fetch(probe())).status).toBe(503);
    const { one } = health.report().checks;
    expect(one).toMatchObject({ status: 'fail', code: 'stale', stale: true, measurements: [] });
    expect(one.since).toEqual(new Date(Date.UTC(2026, 0, 1) + 41_000));
    expect(health.report('live').status).toBe('fail');
    expect(events).toEqual([
      'change fail stale',
      'group-change fail stale',
      'group-change fail stale',
      'group-change fail stale',
    ]);
    await health.stop();
  });

  test('woken after a long sleep it says stale at once, while the next run is under way', async () => {
    const clock = manualClock();
    const second = deferred();
    let count = 0;
    const run = () => ((count += 1) === 2 ? second.promise : undefined);
    const health = createHealth({ checks: { one: { run, every: '10s', jitter: 0 } }, clock });
    await health.check();
    // As by SIGSTOP: the timers fire only now, all at once.
    clock.block(3_600_000);
    await clock.advance(0);
    expect(health.report().checks.one).toMatchObject({ code: 'stale', running: true });
    expect((await health.fetch(probe())).status).toBe(503);
    second.resolve();
    await settle();
    expect((await health.fetch(probe())).status).toBe(200);
    expect(health.report().checks.one.since).toEqual(new Date(clock.now()));
    await health.stop();
  });

  test('drain leaves the schedules running', async () => {
    const clock = manualClock();
    const run = vi.fn();
    const health = createHealth({ checks: { one: { run, every: '1s', jitter: 0 } }, clock });
    health.start();
    void health.drain({ delay: '1m' });
    await clock.advance(10_000);
    expect(run).toHaveBeenCalledTimes(11);
    await health.stop();
  });
});

test('no check runs in the async context of a request', async () => {
  const clock = manualClock();
  const storage = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const run = () => {
    seen.push(storage.getStore());
  };
  const health = storage.run('maker', () =>
    createHealth({
      checks: { asked: run, scheduled: { run, every: '10s' } },
      clock,
    }),
  );
  for (let index = 0; index < 3; index += 1) {
    await storage.run('request', () => health.fetch(probe()));
    await clock.advance(11_000);
  }
  expect(seen.length).toBeGreaterThan(4);
  expect(new Set(seen)).toEqual(new Set(['maker']));
  await health.stop();
});
