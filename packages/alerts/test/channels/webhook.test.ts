import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { manualClock } from '@ops/timeout/testing';
import { describe, expect, it } from 'vitest';
import { type WebhookOptions, webhook } from '../../src/channels/index.ts';
import type { DeliveryError } from '../../src/errors.ts';
import { alertOf, contextOf, endedAlert, failureOf, notificationOf } from './fixtures.ts';

const KEY = Buffer.alloc(24, 7);
const SECRET = `whsec_${KEY.toString('base64')}`;
const START = Date.UTC(2026, 0, 1);
const notification = notificationOf({ firing: [alertOf({ reason: 'ünïcode 😀' })] });
/** As it comes out of a store. */
const BODY = JSON.stringify({
  type: 'alert.firing',
  timestamp: notification.at,
  data: notification,
});

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Receiver extends AsyncDisposable {
  /** Its path is the secret. */
  readonly url: string;
  readonly requests: readonly Received[];
}

async function receiver(answer: (response: ServerResponse) => void = ok): Promise<Receiver> {
  const requests: Received[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      requests.push({ headers: request.headers, body: await text(request) });
      answer(response);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/s3cr3t`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const ok = (response: ServerResponse): void => void response.writeHead(204).end();

async function send(options: WebhookOptions, signal?: AbortSignal): Promise<void> {
  const channel = webhook(options);
  const context = contextOf(signal && { signal });
  await channel.send(channel.render?.(notification) ?? null, context);
}

function failure(options: WebhookOptions): Promise<DeliveryError> {
  return failureOf(send(options));
}

describe('webhook', () => {
  it('posts the stored body by Standard Webhooks', async () => {
    await using target = await receiver();
    const clock = manualClock(START);
    const { url } = target;
    await send({ url, clock, secret: SECRET, headers: { authorization: 'Bearer x' } });
    clock.jump(60_000);
    await send({ url, clock, secret: SECRET });
    const [first, second] = target.requests;
    expect(first?.body).toBe(BODY);
    expect(second?.body).toBe(BODY);
    expect(first?.headers).toMatchObject({
      authorization: 'Bearer x',
      'content-type': 'application/json',
      'webhook-id': notification.id,
      'webhook-timestamp': String(START / 1_000),
    });
    expect(second?.headers).toMatchObject({
      'webhook-id': notification.id,
      'webhook-timestamp': String(START / 1_000 + 60),
    });
    for (const { headers, body } of target.requests) {
      const signed = `${notification.id}.${String(headers['webhook-timestamp'])}.${body}`;
      const digest = createHmac('sha256', KEY).update(signed).digest('base64');
      expect(headers['webhook-signature']).toBe(`v1,${digest}`);
    }
  });

  it('takes an own user agent instead of ours, however it is spelt', async () => {
    await using target = await receiver();
    await send({ url: target.url, headers: { 'User-Agent': 'mine' } });
    expect(target.requests[0]?.headers['user-agent']).toBe('mine');
  });

  it('signs as the reference implementation does', async () => {
    await using target = await receiver();
    const clock = manualClock(START);
    clock.jump(1_614_265_330_000 - START);
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
    await webhook({ url: target.url, secret, clock }).send(
      '{"test": 2432232314}',
      contextOf({ id }),
    );
    expect(target.requests[0]?.headers['webhook-signature']).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  it('is unsigned without a secret', async () => {
    await using target = await receiver();
    await send({ url: target.url });
    const [request] = target.requests;
    expect(request?.headers['webhook-id']).toBe(notification.id);
    expect(request?.headers['webhook-signature']).toBeUndefined();
  });

  it.each([
    [400, false],
    [401, false],
    [404, false],
    [408, true],
    [410, false],
    [413, false],
    [425, true],
    [429, true],
    [500, true],
    [503, true],
  ])('answered %d is retryable: %s', async (status, retryable) => {
    await using target = await receiver((response) => void response.writeHead(status).end('why'));
    expect(await failure({ url: target.url })).toMatchObject({
      code: 'ERR_OPS_ALERT_DELIVERY',
      message: `The webhook answered ${status}`,
      status,
      retryable,
      retryAfterMs: undefined,
    });
  });

  it.each([
    ['7', 7_000],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    ['1e9', undefined],
    ['99999999999', 2_592_000_000],
  ])('reads Retry-After: %s', async (header, retryAfterMs) => {
    for (const status of [429, 503]) {
      await using target = await receiver((response) => {
        response.writeHead(status, { 'retry-after': header }).end();
      });
      const error = await failure({ url: target.url, clock: manualClock(START) });
      expect(error).toMatchObject({ retryAfterMs });
    }
  });

  it('tells why it was not reached, without the URL anywhere', async () => {
    const url = 'https://hooks.example.com/services/s3cr3t';
    const cause = Object.assign(new Error(`connect ${url}`), { code: 'ECONNREFUSED' });
    const evil = (): Promise<Response> =>
      Promise.reject(new TypeError(`fetch ${url} failed`, { cause }));
    const error = await failure({ url, fetch: evil });
    expect(error).toMatchObject({
      retryable: true,
      message: 'The webhook could not be reached (ECONNREFUSED)',
    });
    expect(inspect(error, { depth: 10 })).not.toContain('s3cr3t');
    expect(inspect(webhook({ url, secret: SECRET }))).not.toContain('s3cr3t');
    const codeless = await failure({ url, fetch: () => Promise.reject(new Error('odd')) });
    expect(codeless.message).toBe('The webhook could not be reached');
  });

  it('uses its own fetch before that of createAlerts', async () => {
    const used: string[] = [];
    const fetchNamed = (name: string) => async () => {
      used.push(name);
      return new Response();
    };
    const context = contextOf({ fetch: fetchNamed('given') });
    const url = 'https://example.com';
    await webhook({ url }).send('{}', context);
    await webhook({ url, fetch: fetchNamed('own') }).send('{}', context);
    expect(used).toEqual(['given', 'own']);
  });

  it('does not follow redirects', async () => {
    let count = 0;
    await using target = await receiver((response) => {
      count += 1;
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    const error = await failure({ url: target.url });
    expect(error).toMatchObject({ retryable: false, status: 307 });
    expect(error.message).toContain('redirects are not followed');
    expect(count).toBe(1);
  });

  it('gives up on a server that does not answer, and on abort', async () => {
    await using target = await receiver(() => {});
    const clock = manualClock(START);
    const slow = failure({ url: target.url, clock, timeout: '3s' });
    await clock.advance(3_000);
    expect(await slow).toMatchObject({
      retryable: true,
      message: 'The webhook did not answer within 3000 ms (ERR_OPS_TIMEOUT)',
    });
    const controller = new AbortController();
    const aborted = send({ url: target.url, clock }, controller.signal);
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'ERR_OPS_ALERT_DELIVERY' });
    expect(clock.pendingCount).toBe(0);
  });

  it('says when nobody listens', async () => {
    const target = await receiver(() => {});
    await target[Symbol.asyncDispose]();
    expect(await failure({ url: target.url })).toMatchObject({
      message: 'The webhook could not be reached (ECONNREFUSED)',
    });
  });

  it('is done when the headers are there, though the body never ends', async () => {
    await using target = await receiver((response) => {
      response.writeHead(200).write('and then');
    });
    const clock = manualClock(START);
    await send({ url: target.url, clock });
    await expect.poll(() => clock.pendingCount).toBe(0);
  });
});

describe('webhook as Alertmanager', () => {
  it('sends what Alertmanager sends to its webhooks', async () => {
    await using target = await receiver();
    const labels = { integration: 'shopify', 'shop-id': '7' };
    const facts = { rule: 'partners', labels, samples: [], runbook: null };
    const firing = [alertOf({ ...facts, key: 'shopify', severity: 'critical' })];
    const resolved = [endedAlert({ ...facts, key: 'wave' })];
    const channel = webhook({ url: target.url, format: 'alertmanager', receiver: 'ops' });
    const mixed = notificationOf({ firing, resolved, groupLabels: { rule: 'partners' } });
    await channel.send(channel.render?.(mixed) ?? null, contextOf());
    const common = {
      integration: 'shopify',
      shop_id: '7',
      alertname: 'partners',
      service: 'billing',
      environment: 'production',
    };
    const description = '142 errors in the last 1h, over 100 (high over 200)';
    const annotations = { description, alert_id: 'errorSpike-k3f9-1' };
    const startsAt = '2026-01-01T00:00:00.000Z';
    const generatorURL = 'https://ops.example.com/alerts';
    expect(JSON.parse(target.requests[0]?.body ?? '')).toEqual({
      version: '4',
      groupKey: 'g:1a2b/rule=errorSpike',
      truncatedAlerts: 0,
      status: 'firing',
      receiver: 'ops',
      groupLabels: { alertname: 'partners' },
      commonLabels: common,
      commonAnnotations: annotations,
      externalURL: generatorURL,
      alerts: [
        {
          status: 'firing',
          labels: { ...common, series: 'shopify', severity: 'critical' },
          annotations: { ...annotations, summary: 'partners shopify' },
          startsAt,
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL,
          fingerprint: expect.stringMatching(/^[\da-f]{16}$/),
        },
        {
          status: 'resolved',
          labels: { ...common, series: 'wave', severity: 'high' },
          annotations: { ...annotations, summary: 'partners wave', lasted: '12m' },
          startsAt,
          endsAt: '2026-01-01T00:12:00.000Z',
          generatorURL,
          fingerprint: expect.stringMatching(/^[\da-f]{16}$/),
        },
      ],
    });
  });

  it('keeps the fingerprint while the severity rises, and until the end', () => {
    const channel = webhook({ url: 'https://example.com', format: 'alertmanager' });
    const fingerprintOf = (facts: Parameters<typeof notificationOf>[0]): unknown =>
      JSON.parse(channel.render?.(notificationOf(facts)) as string).alerts[0].fingerprint;
    const first = fingerprintOf({});
    expect(fingerprintOf({ firing: [alertOf({ severity: 'critical' })] })).toBe(first);
    expect(fingerprintOf({ kind: 'resolved', resolved: [endedAlert()] })).toBe(first);
    expect(fingerprintOf({ firing: [alertOf({ key: 'wave' })] })).not.toBe(first);
  });

  it('leaves out more alerts than are wanted, and counts them', () => {
    const channel = webhook({ url: 'https://example.com', format: 'alertmanager', maxAlerts: 2 });
    const firing = Array.from({ length: 5 }, (_, index) => alertOf({ id: `a${index}` }));
    const body = JSON.parse(channel.render?.(notificationOf({ firing })) as string);
    expect(body.truncatedAlerts).toBe(3);
    expect(body.alerts).toHaveLength(2);
  });

  it('makes one alert of a message about none', () => {
    const channel = webhook({ url: 'https://example.com', format: 'alertmanager' });
    const digest = notificationOf({ kind: 'digest', firing: [], text: '40', lines: ['a', 'b'] });
    const body = JSON.parse(channel.render?.(digest) as string);
    expect(body).toMatchObject({
      status: 'firing',
      alerts: [
        {
          labels: { alertname: 'ops-alerts digest', service: 'billing' },
          annotations: { summary: '40', description: 'a\nb' },
        },
      ],
    });
  });
});
