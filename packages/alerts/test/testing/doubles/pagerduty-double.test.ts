import { manualClock } from '@ops/timeout/testing';
import { describe, expect, it } from 'vitest';
import { pagerdutyDouble } from '../../../src/testing/doubles/index.ts';

const payload = { summary: 'down', source: 'billing', severity: 'error' };

async function enqueue(
  double: ReturnType<typeof pagerdutyDouble>,
  fields: object,
): Promise<{ readonly status: number; readonly text: string }> {
  const body = JSON.stringify({
    routing_key: double.routingKey,
    event_action: 'trigger',
    dedup_key: 'a',
    payload,
    ...fields,
  });
  const url = 'https://events.pagerduty.com/v2/enqueue';
  const response = await double.fetch(url, { method: 'POST', body });
  return { status: response.status, text: await response.text() };
}

describe('pagerdutyDouble', () => {
  it('has the key of an integration', () => {
    expect(pagerdutyDouble().routingKey).toHaveLength(32);
  });

  it('keeps incidents by dedup_key, and opens another after the end', async () => {
    const double = pagerdutyDouble();
    await enqueue(double, { event_action: 'resolve' });
    await enqueue(double, { event_action: 'acknowledge' });
    expect(double.incidents).toEqual([]);
    const taken = await enqueue(double, {});
    expect(taken.status).toBe(202);
    expect(JSON.parse(taken.text)).toMatchObject({ status: 'success', dedup_key: 'a' });
    await enqueue(double, { payload: { ...payload, severity: 'critical' } });
    await enqueue(double, { event_action: 'acknowledge' });
    await enqueue(double, {});
    expect(double.open()).toMatchObject([
      { dedupKey: 'a', status: 'acknowledged', severity: 'error', triggerCount: 3 },
    ]);
    await enqueue(double, { event_action: 'resolve' });
    await enqueue(double, {});
    expect(double.incidents.map(({ status }) => status)).toEqual(['resolved', 'triggered']);
    await enqueue(double, { dedup_key: undefined });
    expect(double.open()).toHaveLength(2);
  });

  it.each([
    [{ routing_key: 'x' }, 'routing_key'],
    [{ event_action: 'open' }, 'event_action'],
    [{ dedup_key: 'x'.repeat(256) }, 'dedup_key'],
    [{ event_action: 'resolve', dedup_key: undefined }, 'dedup_key'],
    [{ payload: undefined }, 'payload'],
    [{ payload: { ...payload, summary: 'x'.repeat(1_025) } }, 'summary'],
    [{ payload: { ...payload, summary: ' ' } }, 'summary'],
    [{ payload: { ...payload, source: undefined } }, 'source'],
    [{ payload: { ...payload, severity: 'high' } }, 'severity'],
    [{ payload: { ...payload, timestamp: 'soon' } }, 'timestamp'],
    [{ payload: { ...payload, custom_details: 'x' } }, 'custom_details'],
    [{ payload: { ...payload, group: '' } }, 'group'],
    [{ links: [{ href: '' }] }, 'links'],
  ])('answers 400 to %o', async (fields, name) => {
    const double = pagerdutyDouble();
    const { status, text } = await enqueue(double, fields);
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({
      status: 'invalid event',
      message: 'Event object is invalid',
      errors: [expect.stringContaining(name)],
    });
    expect(double.incidents).toEqual([]);
  });

  it('takes 512 KB and no more', async () => {
    const custom = { notes: 'x'.repeat(512 * 1_024) };
    const large = await enqueue(pagerdutyDouble(), {
      payload: { ...payload, custom_details: custom },
    });
    expect(large.status).toBe(413);
  });

  it('takes 120 events in a sliding minute', async () => {
    const clock = manualClock();
    const double = pagerdutyDouble({ clock });
    for (let index = 0; index < 120; index += 1) {
      await enqueue(double, {});
      if (index === 59) await clock.advance(30_000);
    }
    const refused = await enqueue(double, {});
    expect(refused.status).toBe(429);
    expect(JSON.parse(refused.text)).toMatchObject({ status: 'throttle exceeded' });
    await clock.advance(30_000);
    const statuses = [];
    for (let index = 0; index < 61; index += 1) statuses.push((await enqueue(double, {})).status);
    expect(statuses.filter((status) => status === 202)).toHaveLength(60);
  });
});
