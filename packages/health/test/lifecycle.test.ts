import { describe, expect, test } from 'vitest';
import { createHealth, type HealthEvent } from '../src/index.ts';
import { manualClock } from './manual-clock.ts';

const get = async (health: { fetch(r: Request): Promise<Response> }, path: string) => {
  const response = await health.fetch(new Request(`http://localhost${path}`));
  return { status: response.status, body: await response.text() };
};
const down = () => {
  throw new Error('down');
};

describe('fatal', () => {
  test('fails live, ready and all for good, and tells why to those who may know', async () => {
    const events: HealthEvent[] = [];
    const health = createHealth({
      checks: { one: () => {} },
      groups: { live: ['one'], startup: ['one'], mine: ['one'] },
      details: (request) => request.url.includes('verbose'),
      onEvent: (event) => events.push(event),
    });
    await health.check();
    events.length = 0;
    health.fatal('pool gone: password=c4nary');
    health.fatal('another reason');
    const expected = {
      status: 'fail',
      code: 'fatal',
      reason: 'pool gone: password=[redacted]',
    };
    for (const group of ['live', 'ready', 'all'] as const) {
      expect(health.report(group)).toMatchObject(expected);
    }
    // It had started, and nobody asked the service about this group.
    for (const group of ['startup', 'mine'] as const) {
      expect(health.report(group)).toMatchObject({ status: 'pass', reason: undefined });
    }
    expect(events.map((event) => 'group' in event && [event.group, event.code])).toEqual([
      ['live', 'fatal'],
      ['ready', 'fatal'],
      ['all', 'fatal'],
    ]);
    expect(events[0]).toMatchObject({ message: expected.reason });
    expect(await get(health, '/livez')).toEqual({
      status: 503,
      body: '[+]one ok\n[-]fatal failed: reason withheld\nlivez check failed\n',
    });
    expect((await get(health, '/livez?verbose')).body).toContain(
      '[-]fatal failed: fatal: pool gone: password=[redacted]\n',
    );
    expect(await get(health, '/livez/fatal')).toEqual({
      status: 503,
      body: 'internal server error: reason withheld\n',
    });
    expect((await get(health, '/startupz')).status).toBe(200);
    expect(JSON.parse((await get(health, '/health')).body)).toMatchObject({ output: 'fatal' });
    expect(JSON.parse((await get(health, '/health?verbose')).body)).toMatchObject({
      output: 'fatal: pool gone: password=[redacted]',
    });
    await health.stop();
  });

  test('fails startup too while it has not passed, since nobody asks for live before', async () => {
    const health = createHealth({
      checks: { one: () => {}, bad: down },
      groups: { live: [], startup: ['one', 'bad'] },
    });
    await health.check();
    health.fatal('cannot start');
    expect(health.report('startup')).toMatchObject({ status: 'fail', code: 'fatal' });
    expect((await get(health, '/startupz')).status).toBe(503);
    await health.stop();
  });

  test('takes any value, being called where everything has failed', async () => {
    for (const reason of [undefined, null, 7, new Error('dead'), { toString: down }]) {
      const health = createHealth({ checks: {} });
      health.fatal(reason as unknown as string);
      expect(health.report('live').code).toBe('fatal');
      await health.stop();
    }
  });

  test('is worse than shutting down', async () => {
    const health = createHealth({ checks: {}, clock: manualClock() });
    void health.drain();
    health.fatal('broken');
    expect(health.report('ready').code).toBe('fatal');
    expect((await get(health, '/readyz')).body).toBe(
      '[+]ping ok\n[-]fatal failed: reason withheld\n[-]shutdown failed: reason withheld\nreadyz check failed\n',
    );
    await health.stop();
  });
});

describe('drain', () => {
  test('is idempotent: the delay of every call counts from the first', async () => {
    const clock = manualClock();
    const events: HealthEvent[] = [];
    const health = createHealth({ checks: {}, onEvent: (event) => events.push(event), clock });
    const ended: string[] = [];
    const drain = async (name: string, delay: '5s' | '8s' | '1s') => {
      await health.drain({ delay });
      ended.push(`${name} ${clock.monotonic()}`);
    };
    const all = [drain('first', '5s')];
    await clock.advance(3_000);
    all.push(drain('again', '5s'), drain('longer', '8s'), drain('over', '1s'));
    await clock.advance(60_000);
    await Promise.all(all);
    expect(ended).toEqual(['over 3000', 'first 5000', 'again 5000', 'longer 8000']);
    expect(events).toHaveLength(2);
    await health.stop();
    await health.drain({ delay: '1h' });
    expect(clock.timerCount).toBe(0);
  });
});

test('a listener may ask, drain and stop; what it brings about is told afterwards', async () => {
  const told: string[] = [];
  const health: { report(): { status: string }; fatal(reason: string): void; stop(): unknown } =
    createHealth({
      checks: { a: () => {}, b: () => {} },
      groups: { live: ['a'] },
      onEvent: (event) => {
        if (event.type === 'publisher-failed') return;
        told.push('group' in event ? `${event.group} ${event.to}` : `${event.check} ${event.to}`);
        if ('check' in event && event.check === 'b') health.fatal('told so');
        if (told.length > 1) void health.stop();
        health.report();
      },
    });
  await (health as unknown as { check(): Promise<unknown> }).check();
  expect(told).toEqual([
    'a pass',
    'b pass',
    'ready pass',
    'all pass',
    'live fail',
    'ready fail',
    'all fail',
  ]);
  await health.stop();
});
