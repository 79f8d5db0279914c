import { execFile } from 'node:child_process';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { type DelayHistogram, type EventLoopOptions, eventLoop } from '../../src/checks/index.ts';
import { createHealth } from '../../src/index.ts';

/** A histogram with these delays in milliseconds, as Node's: the resolution of 10 ms included. */
function histogram(delays: { mean: number; p99: number; max: number; count?: number }) {
  const own = {
    count: delays.count ?? 100,
    mean: delays.mean * 1e6,
    max: delays.max * 1e6,
    percentile: () => delays.p99 * 1e6,
    enable: vi.fn(() => true),
    disable: vi.fn(() => true),
    reset: vi.fn(),
  };
  return own satisfies DelayHistogram;
}

const context = { signal: new AbortController().signal, name: 'loop', attempt: 1, timeoutMs: 1 };

async function second(delays: Parameters<typeof histogram>[0], options: EventLoopOptions = {}) {
  const check = eventLoop({ ...options, monitor: () => histogram(delays) });
  await check.run(context);
  return check.run(context);
}

describe('the delay since the last attempt', () => {
  test.each<[string, Parameters<typeof histogram>[0], EventLoopOptions, string, number]>([
    ['on time', { mean: 10.2, p99: 11, max: 12 }, {}, 'pass', 1],
    ['p99 late', { mean: 20, p99: 110, max: 400 }, {}, 'warn', 100],
    ['p99 very late', { mean: 20, p99: 1_010, max: 4_000 }, {}, 'fail', 1_000],
    ['one long pause', { mean: 20, p99: 30, max: 2_010 }, {}, 'pass', 20],
    [
      'one long pause, and max counts',
      { mean: 20, p99: 30, max: 2_010 },
      { statistic: 'max' },
      'fail',
      2_000,
    ],
    ['mean', { mean: 60, p99: 300, max: 300 }, { statistic: 'mean', warn: 50 }, 'warn', 50],
    ['fail below the default of warn', { mean: 1, p99: 60, max: 60 }, { fail: '50ms' }, 'fail', 50],
    ['quicker than the resolution', { mean: 9, p99: 9, max: 9 }, {}, 'pass', 0],
  ])('%s', async (_, delays, options, status, value) => {
    expect(await second(delays, options)).toMatchObject({
      status,
      value,
      unit: 'ms',
      code: status === 'pass' ? 'ok' : 'threshold',
    });
  });

  test('not one turn since: all of that time', async () => {
    let now = 0;
    const none = { mean: NaN, p99: 511, max: 0, count: 0 };
    const check = eventLoop({ monitor: () => histogram(none), clock: { monotonic: () => now } });
    await check.run(context);
    now = 4_010;
    expect(await check.run(context)).toMatchObject({ status: 'fail', value: 4_000 });
  });

  test('each attempt begins anew', async () => {
    const one = histogram({ mean: 1, p99: 1, max: 1 });
    const check = eventLoop({ monitor: () => one });
    await check.run(context);
    expect(one.reset).not.toHaveBeenCalled();
    await check.run(context);
    expect(one.reset).toHaveBeenCalledTimes(1);
  });
});

test('a real block of the loop is seen by the attempt that comes right after it', async () => {
  let real: DelayHistogram | undefined;
  const monitor = (options: { resolution: number }) => (real = monitorEventLoopDelay(options));
  const check = eventLoop({ monitor, statistic: 'max' });
  await check.run(context);
  await vi.waitFor(() => {
    expect(real?.count).toBeGreaterThan(2);
  });
  const until = performance.now() + 150;
  while (performance.now() < until);
  // In the same turn: Node has not counted the block yet.
  const seen = (await check.run(context)) as { status: string; value: number };
  expect(seen.value).toBeGreaterThan(100);
  expect(seen.status).not.toBe('pass');
  await check.close?.();
});

test('it may be in live, passes at first, and stops measuring with stop()', async () => {
  const one = histogram({ mean: 1, p99: 1, max: 1 });
  const health = createHealth({
    checks: { loop: eventLoop({ monitor: () => one }) },
    groups: { live: ['loop'] },
  });
  expect(one.enable).not.toHaveBeenCalled();
  expect((await health.check('live')).status).toBe('pass');
  expect(one.enable).toHaveBeenCalledTimes(1);
  await health.stop();
  expect(one.disable).toHaveBeenCalledTimes(1);
});

test('measuring does not keep the process alive', async () => {
  const script = `
    import { eventLoop } from ${JSON.stringify(import.meta.resolve('../../src/checks/event-loop.ts'))};
    const { run } = eventLoop();
    console.log((await run({ signal: new AbortController().signal })).message);`;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
  expect(stdout).toBe('measuring from now on\n');
}, 30_000);

test('stopped before its first attempt: nothing to stop', async () => {
  const monitor = vi.fn<NonNullable<EventLoopOptions['monitor']>>();
  await eventLoop({ monitor }).close?.();
  expect(monitor).not.toHaveBeenCalled();
});

test('options: every fault is named', () => {
  // @ts-expect-error -- none of it is right
  expect(() => eventLoop({ warn: 0, statistic: 'p50', histogram: 1 })).toThrow(
    /warn: .*statistic: .*histogram: there is no such option/,
  );
  expect(() => eventLoop({ warn: '1s', fail: '100ms' })).toThrow('fail: expected at least warn');
});
