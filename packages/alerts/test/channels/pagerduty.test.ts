import { manualClock } from '@ops/timeout/testing';
import { describe, expect, it } from 'vitest';
import { pagerduty } from '../../src/channels/index.ts';
import { pagerDutyEvents } from '../../src/channels/pagerduty-events.ts';
import { pagerdutyDouble } from '../../src/testing/doubles/index.ts';
import { alertOf, deliver, endedAlert, failureOf, notificationOf } from './fixtures.ts';

function setUp(options: { readonly perMinute?: number } = {}): {
  readonly clock: ReturnType<typeof manualClock>;
  readonly double: ReturnType<typeof pagerdutyDouble>;
  readonly pager: ReturnType<typeof pagerduty>;
} {
  const clock = manualClock();
  const double = pagerdutyDouble({ clock, ...options });
  const { routingKey, fetch } = double;
  return { clock, double, pager: pagerduty({ routingKey, fetch, clock }) };
}

const shopify = alertOf({ id: 'partners-k3f9-1', rule: 'partners', key: 'shopify' });
const wave = alertOf({ id: 'partners-k3f9-2', rule: 'partners', key: 'wave', severity: 'low' });

describe('pagerduty', () => {
  it('opens, acknowledges and resolves one incident an alert', async () => {
    const { double, pager } = setUp();
    const first = await deliver(pager, notificationOf({ firing: [shopify, wave] }));
    expect(double.open()).toMatchObject([
      {
        dedupKey: 'billing/production/partners-k3f9-1',
        severity: 'error',
        summary:
          'partners shopify in billing (production): 142 errors in the last 1h, over 100 (high over 200)',
      },
      { dedupKey: 'billing/production/partners-k3f9-2', severity: 'info' },
    ]);
    const taken = { ...shopify, acknowledged: { by: 'ann', at: '2026-01-01T00:01:00.000Z' } };
    const acknowledged = notificationOf({ kind: 'acknowledged', firing: [taken, wave] });
    const second = await deliver(pager, acknowledged, { previous: first });
    expect(double.incidents.map(({ status }) => status)).toEqual(['acknowledged', 'triggered']);
    const half = notificationOf({
      firing: [wave],
      resolved: [endedAlert({ ...shopify, state: 'ok' })],
    });
    const third = await deliver(pager, half, { previous: second });
    const end = notificationOf({
      kind: 'resolved',
      resolved: [endedAlert({ ...wave, state: 'ok' })],
    });
    const last = await deliver(pager, end, { previous: third });
    expect(double.incidents).toMatchObject([
      { status: 'resolved', triggerCount: 1 },
      { status: 'resolved', triggerCount: 1 },
    ]);
    expect(last).toEqual([]);
  });

  it('raises the severity of the same incident, whichever group tells it', async () => {
    const { double, pager } = setUp();
    await deliver(pager, notificationOf({ firing: [shopify] }));
    const worse = { ...shopify, severity: 'critical' as const };
    await deliver(
      pager,
      notificationOf({ kind: 'escalated', group: 'g:other/x', firing: [worse] }),
    );
    expect(double.incidents).toMatchObject([{ severity: 'critical', triggerCount: 2 }]);
  });

  it('opens anew with a repeat what somebody closed by hand', async () => {
    const { double, pager } = setUp();
    const previous = await deliver(pager, notificationOf({ firing: [shopify] }));
    double.resolve('billing/production/partners-k3f9-1');
    await deliver(pager, notificationOf({ firing: [shopify] }), { previous });
    expect(double.open()).toEqual([]);
    await deliver(pager, notificationOf({ kind: 'repeat', firing: [shopify] }), { previous });
    expect(double.open()).toHaveLength(1);
  });

  it('closes without opening what began and ended untold', async () => {
    const { double, pager } = setUp();
    // Told, but the answer was lost, so the sender holds it for untold.
    double.fail('lost-answer');
    await failureOf(deliver(pager, notificationOf({ firing: [shopify] })));
    double.recover();
    const resolved = [endedAlert({ ...shopify, state: 'ok' }), endedAlert({ id: 'never-told' })];
    await deliver(pager, notificationOf({ kind: 'fired-and-resolved', resolved }));
    expect(double.incidents).toMatchObject([{ status: 'resolved', triggerCount: 1 }]);
  });

  it('goes on where it failed, and doubles nothing when another process begins anew', async () => {
    const { clock, double, pager } = setUp({ perMinute: 120 });
    const firing = Array.from({ length: 300 }, (_, index) => alertOf({ id: `a-${index}` }));
    const notification = notificationOf({ firing });
    expect(await failureOf(deliver(pager, notification))).toMatchObject({
      retryable: true,
      status: 429,
      retryAfterMs: 30_000,
    });
    expect(double.incidents).toHaveLength(120);
    await clock.advance(60_000);
    await failureOf(deliver(pager, notification));
    expect(double.incidents).toHaveLength(240);
    await clock.advance(60_000);
    const receipt = await deliver(pager, notification);
    expect(double.incidents).toHaveLength(300);
    expect(receipt).toHaveLength(300);
    expect(double.requests.filter(({ status }) => status === 202)).toHaveLength(300);
    await clock.advance(60_000);
    const { routingKey, fetch } = double;
    await failureOf(deliver(pagerduty({ routingKey, fetch, clock }), notification));
    expect(double.incidents).toHaveLength(300);
  });

  it('is retried by status, and gives up a wrong key', async () => {
    const { double, pager } = setUp();
    for (const trouble of ['down', 'server-error', 'lost-answer', 'rate-limited'] as const) {
      double.fail(trouble);
      expect(await failureOf(deliver(pager, notificationOf()))).toMatchObject({ retryable: true });
    }
    const wrong = pagerduty({ routingKey: 'f'.repeat(32), fetch: double.fetch });
    double.recover();
    expect(await failureOf(deliver(wrong, notificationOf()))).toMatchObject({
      retryable: false,
      status: 400,
      message: 'PagerDuty answered 400: the routing key or the event is not valid',
    });
  });

  it('leaves nothing open after a test', async () => {
    const { double, pager } = setUp();
    await deliver(pager, notificationOf({ kind: 'test', firing: [], text: 'TEST' }));
    expect(double.incidents).toMatchObject([
      { status: 'resolved', severity: 'info', summary: 'TEST' },
    ]);
  });

  it('opens one incident for a channel that takes nothing, however often that is told', async () => {
    const { double, pager } = setUp();
    const undelivered = notificationOf({ kind: 'undelivered', firing: [], group: 'c:ops' });
    await deliver(pager, undelivered);
    await deliver(pager, { ...undelivered, id: 'msg_2' });
    expect(double.open()).toMatchObject([{ severity: 'warning', triggerCount: 2 }]);
  });

  it('has nothing to say of an acknowledgement of nothing', () => {
    const { pager } = setUp();
    expect(pager.render?.(notificationOf({ kind: 'acknowledged' }))).toBe(null);
  });

  it('leaves out the details of an event that would be too large', async () => {
    const { double, pager } = setUp();
    const labels = { huge: 'x'.repeat(600_000) };
    await deliver(pager, notificationOf({ firing: [alertOf({ labels })] }));
    expect(double.open()).toHaveLength(1);
    expect(double.requests[0]?.body).not.toContain('custom_details');
  });

  it('names an alert by a hash where its id is too long', () => {
    const [event] = pagerDutyEvents(notificationOf({ firing: [alertOf({ id: 'x'.repeat(300) })] }));
    expect(event?.dedup_key).toMatch(/^[\da-f]{64}$/);
  });

  it('goes to the region', async () => {
    const { double } = setUp();
    const { routingKey, fetch } = double;
    await deliver(pagerduty({ routingKey, fetch, region: 'eu' }), notificationOf());
    expect(double.requests[0]?.url).toBe('https://events.eu.pagerduty.com/v2/enqueue');
    expect(() => pagerduty({ routingKey: 's3cr3t' })).toThrow('routingKey');
    expect(() => pagerduty({ routingKey: 's3cr3t' })).not.toThrow('s3cr3t');
  });
});
