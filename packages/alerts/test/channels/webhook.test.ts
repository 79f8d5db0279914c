import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type WebhookOptions, webhook } from '../../src/channels/index.ts';
import { type AlertsEvent, createAlerts, type DeliveryError, spike } from '../../src/index.ts';
import { createMessage } from '../../src/message.ts';
import { createManualClock, WALL_START } from '../manual-clock.ts';
import { recordingLogger } from '../setup.ts';

const KEY = Buffer.alloc(24, 7);
const SECRET = `whsec_${KEY.toString('base64')}`;
const message = createMessage(
  'firing',
  {
    id: 'a1',
    rule: 'errorSpike',
    service: 'billing',
    environment: 'test',
    state: 'firing',
    severity: 'high',
    epoch: 1,
    startedAt: new Date(WALL_START),
    endedAt: null,
    reason: 'ünïcode 😀',
    samples: [],
  },
  WALL_START,
);

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

function send(options: WebhookOptions, signal = new AbortController().signal): Promise<void> {
  return webhook(options).send(message, { signal, fetch: undefined });
}

function failure(options: WebhookOptions): Promise<DeliveryError> {
  return send(options).then(
    () => expect.unreachable('delivered'),
    (error: DeliveryError) => error,
  );
}

describe('webhook', () => {
  it('posts the stored body by Standard Webhooks', async () => {
    await using target = await receiver();
    const clock = createManualClock();
    const { url } = target;
    await send({ url, clock, secret: SECRET, headers: { authorization: 'Bearer x' } });
    clock.setWallClock(60_000);
    await send({ url, clock, secret: SECRET });
    const [first, second] = target.requests;
    expect(first?.body).toBe(message.body);
    expect(second?.body).toBe(message.body);
    expect(first?.headers).toMatchObject({
      authorization: 'Bearer x',
      'content-type': 'application/json',
      'webhook-id': message.id,
      'webhook-timestamp': String(WALL_START / 1_000),
    });
    expect(second?.headers).toMatchObject({
      'webhook-id': message.id,
      'webhook-timestamp': String(WALL_START / 1_000 + 60),
    });
    for (const { headers, body } of target.requests) {
      const signed = `${message.id}.${String(headers['webhook-timestamp'])}.${body}`;
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
    const clock = createManualClock();
    clock.setWallClock(1_614_265_330_000 - WALL_START);
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
    const { signal } = new AbortController();
    await webhook({ url: target.url, secret, clock }).send(
      { ...message, id, body: '{"test": 2432232314}' },
      { signal, fetch: undefined },
    );
    expect(target.requests[0]?.headers['webhook-signature']).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  it('is unsigned without a secret', async () => {
    await using target = await receiver();
    await send({ url: target.url });
    const [request] = target.requests;
    expect(request?.headers['webhook-id']).toBe(message.id);
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
      const error = await failure({ url: target.url, clock: createManualClock() });
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
    const { signal } = new AbortController();
    const context = { signal, fetch: fetchNamed('given') };
    await webhook({ url: 'https://example.com' }).send(message, context);
    await webhook({ url: 'https://example.com', fetch: fetchNamed('own') }).send(message, context);
    expect(used).toEqual(['given', 'own']);
  });

  it('delivers a burst: firing with retries under one id, then resolved', async () => {
    await using target = await receiver((response) => {
      const isFirst = target.requests.length === 1;
      response.writeHead(isFirst ? 503 : 200, { 'retry-after': '2' }).end('x'.repeat(1e6));
    });
    const clock = createManualClock();
    const logger = recordingLogger();
    const events: AlertsEvent[] = [];
    const delivered = (count: number) =>
      expect
        .poll(() => events.filter((event) => event.type === 'delivered').length, { interval: 5 })
        .toBe(count);
    const alerts = createAlerts({
      service: 'billing',
      environment: 'test',
      channels: { ops: webhook({ url: target.url, secret: SECRET }) },
      rules: { errorSpike: spike({ over: 2, within: '1m', keepFiringFor: '1m' }) },
      routes: [{ to: ['ops'] }],
      clock,
      logger,
      random: () => 0,
      onEvent: (event) => events.push(event),
    });
    for (let index = 0; index < 3; index += 1) alerts.error(new Error('boom'));
    await expect.poll(() => events.some((event) => event.type === 'retry')).toBe(true);
    await clock.advance(2_000);
    await delivered(1);
    await clock.advance(120_000);
    await delivered(2);
    await alerts.close();
    const { requests } = target;
    expect(requests.map(({ body }) => JSON.parse(body).type)).toEqual([
      'alert.firing',
      'alert.firing',
      'alert.resolved',
    ]);
    expect(requests[0]?.body).toBe(requests[1]?.body);
    expect(requests[0]?.headers['webhook-id']).toBe(requests[1]?.headers['webhook-id']);
    const told = inspect([events, logger.lines, requests.map(({ body }) => body)], { depth: 20 });
    expect(told).not.toContain('s3cr3t');
    expect(told).not.toContain(KEY.toString('base64'));
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
    const clock = createManualClock();
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
    expect(clock.timerCount).toBe(0);
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
    const clock = createManualClock();
    await send({ url: target.url, clock });
    await expect.poll(() => clock.timerCount).toBe(0);
  });
});
