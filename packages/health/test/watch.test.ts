import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { createHealth, type HealthReport } from '../src/index.ts';
import { deferred, manualClock, settle } from './manual-clock.ts';

/** A check whose result is set from outside, run every second. */
function watchable() {
  const clock = manualClock();
  let code: 'ok' | 'refused' | 'dns' = 'ok';
  const health = createHealth({
    checks: {
      one: {
        run: () => (code === 'ok' ? undefined : { status: 'fail' as const, code }),
        every: '1s',
        jitter: 0,
      },
      other: () => {},
    },
    groups: { ready: ['one'], mine: ['other'] },
    clock,
  });
  const show = async (next: typeof code) => {
    code = next;
    await clock.advance(1_000);
  };
  return { clock, health, show };
}

const told = ({ status, code }: HealthReport) => `${status} ${code}`;

async function collect(reports: AsyncIterable<HealthReport>, into: string[]): Promise<void> {
  for await (const report of reports) into.push(told(report));
  into.push('end');
}

describe('watch', () => {
  test('the present report at once, then one for each change of status or code', async () => {
    const { health, show, clock } = watchable();
    const seen: string[] = [];
    const watching = collect(health.watch('ready'), seen);
    await settle();
    await show('ok');
    await show('refused');
    await show('refused');
    await show('dns');
    await show('ok');
    await health.check('mine');
    void health.drain();
    await settle();
    expect(seen).toEqual([
      'fail not_run',
      'pass ok',
      'fail refused',
      'fail dns',
      'pass ok',
      'fail shutting_down',
    ]);
    await health.stop();
    await watching;
    expect(seen.at(-1)).toBe('end');
    expect(clock.timerCount).toBe(0);
  });

  test('a slow consumer gets the newest only, and nothing when all is as it was', async () => {
    const { health, show } = watchable();
    const iterator = health.watch('ready')[Symbol.asyncIterator]();
    await settle();
    expect(told((await iterator.next()).value as HealthReport)).toBe('pass ok');
    await show('refused');
    await show('dns');
    const second = (await iterator.next()).value as HealthReport;
    expect(told(second)).toBe('fail dns');
    const pending = iterator.next();
    await show('refused');
    expect(told((await pending).value as HealthReport)).toBe('fail refused');
    await health.stop();
  });

  test('the last report reaches a consumer who was busy when it ended', async () => {
    const { health } = watchable();
    const controller = new AbortController();
    const iterator = health.watch('ready', { signal: controller.signal })[Symbol.asyncIterator]();
    await iterator.next();
    await health.stop();
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    expect(told((await iterator.next()).value as HealthReport)).toBe('fail shutting_down');
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test('the signal ends it at once and leaves no listener', async () => {
    const { health } = watchable();
    const controller = new AbortController();
    const seen: string[] = [];
    const watching = collect(health.watch('mine', { signal: controller.signal }), seen);
    await settle();
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    controller.abort();
    await watching;
    expect(seen).toEqual(['fail not_run', 'end']);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);

    const late: string[] = [];
    await collect(health.watch('mine', { signal: controller.signal }), late);
    expect(late).toEqual(['end']);
    await health.stop();
  });

  test('leaving the loop leaves no listener, and a pending next() ends with return()', async () => {
    const { health } = watchable();
    const { signal } = new AbortController();
    for await (const report of health.watch('ready', { signal })) {
      expect(report.group).toBe('ready');
      break;
    }
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);

    const iterator = health.watch('mine', { signal })[Symbol.asyncIterator]();
    await iterator.next();
    const pending = iterator.next();
    await iterator.return?.();
    expect(await pending).toEqual({ done: true, value: undefined });
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    await health.stop();
  });

  test('two who watch, and two who wait, are each told once', async () => {
    const { health, show } = watchable();
    const a: string[] = [];
    const b: string[] = [];
    const reports = health.watch('ready');
    const watching = [collect(reports, a), collect(reports, b)];
    await settle();
    const iterator = reports[Symbol.asyncIterator]();
    await iterator.next();
    const [second, third] = [iterator.next(), iterator.next()];
    await show('refused');
    await show('ok');
    expect(told((await second).value as HealthReport)).toBe('fail refused');
    expect(told((await third).value as HealthReport)).toBe('pass ok');
    expect(a).toEqual(['fail not_run', 'pass ok', 'fail refused', 'pass ok']);
    expect(b).toEqual(a);
    await health.stop();
    await Promise.all(watching);
  });

  test('a change while the report is made is not told twice', async () => {
    const { health, clock } = watchable();
    const seen: string[] = [];
    const watching = collect(health.watch('ready'), seen);
    await settle();
    // Stale: only looking shows it.
    clock.block(5_000);
    health.report('ready');
    await settle();
    await clock.advance(0);
    expect(seen).toEqual(['fail not_run', 'pass ok', 'fail stale', 'pass ok']);
    await health.stop();
    await watching;
  });

  test('growing old is no change of a check that runs only when asked', async () => {
    const clock = manualClock();
    const second = deferred();
    let count = 0;
    const seen: string[] = [];
    const events: string[] = [];
    const health = createHealth({
      checks: { a: () => {}, b: () => ((count += 1) === 2 ? second.promise : undefined) },
      onEvent: (event) => events.push(event.type),
      clock,
    });
    await health.check();
    events.length = 0;
    const watching = collect(health.watch('ready'), seen);
    // A prober slower than maxStale: the result of one check comes while the other's is too old.
    await clock.advance(60_000);
    expect(health.report('ready').code).toBe('stale');
    void health.fetch(new Request('http://localhost/readyz'));
    await settle();
    second.resolve();
    await settle();
    expect(seen).toEqual(['pass ok']);
    expect(events).toEqual([]);
    await health.stop();
    await watching;
  });

  test('an unknown group is refused when watching begins', async () => {
    const { health } = watchable();
    // @ts-expect-error -- no such group
    expect(() => health.watch('raedy')).toThrow("got 'raedy'");
    await health.stop();
  });
});
