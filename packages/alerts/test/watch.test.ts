import { describe, expect, it } from 'vitest';
import { failures, heartbeat } from '../src/index.ts';
import { setUp } from './setup.ts';

const partners = () => failures({ by: 'integration', consecutive: 2, severity: 'low' });
const watching = () => setUp({ rules: { partners: partners() }, routes: [{ to: ['ops'] }] });

async function streak({ alerts }: ReturnType<typeof watching>): Promise<number | null | undefined> {
  await alerts.flush();
  return (await alerts.status()).series.find(({ key }) => key === 'shopify')?.value;
}

describe('watch', () => {
  it('passes on this, arguments, result and rejection', async () => {
    const setup = watching();
    const { alerts } = setup;
    const client = {
      total: 1,
      add(this: { total: number }, more: number) {
        this.total += more;
        return this.total;
      },
      async fail(): Promise<never> {
        throw reason;
      },
      throwing(): never {
        throw reason;
      },
    };
    const reason = new Error('refused');
    client.add = alerts.watch('shopify', client.add);
    expect(client.add(2)).toBe(3);
    expect(client.add.name).toBe('add');
    expect(client.add.length).toBe(1);
    await expect(alerts.watch('shopify', client.fail)()).rejects.toBe(reason);
    expect(await streak(setup)).toBe(1);
    expect(() => alerts.watch('shopify', client.throwing)()).toThrow(reason);
    await alerts.flush();
    expect(alerts.active()).toMatchObject([
      {
        key: 'shopify',
        labels: { integration: 'shopify' },
        samples: [{ message: 'Error: refused' }],
      },
    ]);
    await alerts.watch('shopify', async () => 1)();
    await alerts.flush();
    expect((await alerts.status()).series[0]?.value).toBe(0);
    await alerts.close();
  });

  it('counts no call that its caller gave up', async () => {
    const setup = watching();
    const { alerts } = setup;
    const controller = new AbortController();
    const get = alerts.watch('shopify', async (_url: string, options: { signal: AbortSignal }) => {
      options.signal.throwIfAborted();
      return 1;
    });
    controller.abort();
    for (let count = 0; count < 3; count += 1) {
      await expect(get('/', { signal: controller.signal })).rejects.toThrow('aborted');
    }
    await alerts.flush();
    expect(alerts.active()).toEqual([]);
    await alerts.close();
  });

  it('gives back what is no promise but can be waited for as it is, and counts it', async () => {
    const setup = watching();
    const { alerts } = setup;
    const request = {
      abort: () => 'aborted',
      // oxlint-disable-next-line unicorn/no-thenable -- as request objects of some libraries are
      then: (_: unknown, failed: (error: Error) => void) => failed(new Error('x')),
    };
    const send = alerts.watch('shopify', () => request);
    expect(send()).toBe(request);
    expect(send().abort()).toBe('aborted');
    await alerts.flush();
    expect(alerts.active()).toHaveLength(1);
    await alerts.close();
  });

  it('counts a failure once, also when its error is reported as well', async () => {
    const setup = watching();
    const { alerts } = setup;
    const error = new Error('refused');
    alerts.failure(error, { integration: 'shopify' });
    alerts.error(error, { integration: 'shopify', route: '/pay' });
    expect(await streak(setup)).toBe(1);
    alerts.error(new Error('another'), { integration: 'shopify' });
    await alerts.flush();
    expect(alerts.active()).toHaveLength(1);
    await alerts.close();
  });
});

describe('sinks', () => {
  it('count telemetry’s error events and health’s transitions', async () => {
    const { alerts, fail } = setUp();
    const props = { message: 'x is not a function', name: 'TypeError', route: '/cart' };
    for (let count = 0; count < 4; count += 1) alerts.record({ name: 'error', props });
    alerts.record({ name: 'page_view', props });
    for (const wrong of [null, undefined, 5, { name: 'error', props: 7 }])
      alerts.record(wrong as never);
    await alerts.flush();
    expect(alerts.active()[0]?.samples).toContainEqual({
      message: 'TypeError: x is not a function',
      count: 4,
      route: '/cart',
    });
    fail(0);
    await alerts.close();

    const health = setUp({ rules: { partners: partners() }, routes: [{ to: ['ops'] }] });
    for (const to of ['warn', 'fail', 'fail'] as const) {
      const change = { type: 'change', check: 'postgres', to, code: 'timeout', message: 'slow' };
      health.alerts.onHealthEvent(change);
    }
    health.alerts.onHealthEvent({ type: 'group-change', to: 'fail' });
    health.alerts.onHealthEvent(null as never);
    await health.alerts.flush();
    expect(health.alerts.active()).toMatchObject([
      { key: 'postgres', samples: [{ message: 'timeout: slow' }] },
    ]);
    health.alerts.onHealthEvent({ type: 'change', check: 'postgres', to: 'pass' });
    await health.alerts.flush();
    expect((await health.alerts.status()).series[0]?.value).toBe(0);
    await health.alerts.close();
  });
});

describe('a heartbeat', () => {
  it('that stops is an alert, that comes back its end, and before the first there is no data', async () => {
    const { alerts, clock, ops, events } = setUp({
      rules: { nightly: heartbeat({ every: '24h', grace: '30m' }) },
      routes: [{ to: ['ops'] }],
    });
    await clock.advance(0);
    expect((await alerts.status()).series[0]?.state).toBe('no-data');
    alerts.beat('nightly');
    await clock.advance(24.5 * 3_600_000 - 1);
    expect(events).toEqual([]);
    await clock.advance(2);
    expect(ops.messages.map(({ kind }) => kind)).toEqual(['firing']);
    alerts.beat('nightly');
    await clock.advance(1_000);
    expect(ops.messages.map(({ kind }) => kind)).toEqual(['firing', 'resolved']);
    await alerts.close();
  });
});
