import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { CheckFailedError, createHealth, type HealthEvent } from '../../src/index.ts';
import { type WebhookOptions, webhook } from '../../src/publishers/index.ts';
import { closeServersAfterEach, listening } from '../local-server.ts';
import { deferred, manualClock, settle } from '../manual-clock.ts';

const KEY = Buffer.alloc(32, 7);
const SECRET = `whsec_${KEY.toString('base64')}`;

closeServersAfterEach();

/** A receiver whose path is a secret. */
async function receiver(answer: (response: ServerResponse) => void) {
  const received: { headers: IncomingHttpHeaders; body: string }[] = [];
  const origin = await listening((request, response) => {
    void (async () => {
      received.push({ headers: request.headers, body: await text(request) });
      answer(response);
    })();
  });
  return { url: `${origin}/services/T000/c4nary?key=c4nary`, received };
}

const answering = (status: number, headers: Record<string, string> = {}) =>
  receiver((response) => response.writeHead(status, headers).end(status === 204 ? '' : 'c4nary'));

/** One check fails; gives what was told of the publisher. */
async function failOnce(options: WebhookOptions) {
  const clock = manualClock();
  const events: HealthEvent[] = [];
  const failed = deferred();
  const health = createHealth({
    service: { id: 'billing', version: '1', description: 'not sent' },
    checks: {
      db: () => {
        throw new CheckFailedError('refused', 'postgres://app:c4nary@db/ is away');
      },
    },
    groups: { ready: [] },
    publishers: [webhook(options)],
    onEvent: (event) => {
      events.push(event);
      if (event.type === 'publisher-failed') failed.resolve();
    },
    clock,
  });
  await health.check();
  return { health, clock, events, failed: failed.promise };
}

test('posts what happened, and no message', async () => {
  const { url, received } = await answering(200);
  const { health, events } = await failOnce({ url, headers: { authorization: 'Bearer c4nary' } });
  await health.stop();
  const [{ headers, body } = { headers: {}, body: '' }] = received;
  expect(JSON.parse(body)).toEqual({
    type: 'health.check.changed',
    timestamp: '2026-01-01T00:00:00.000Z',
    data: {
      service: { id: 'billing', version: '1' },
      check: 'db',
      from: 'not_run',
      to: 'fail',
      code: 'refused',
    },
  });
  expect(headers['content-type']).toBe('application/json');
  expect(headers.authorization).toBe('Bearer c4nary');
  expect(headers['user-agent']).toBe('@ops/health');
  expect(headers['webhook-signature']).toBeUndefined();
  expect(JSON.parse(received[1]?.body ?? '{}')).toMatchObject({
    type: 'health.group.changed',
    data: { group: 'ready', from: 'pass', to: 'fail', code: 'shutting_down' },
  });
  expect(events.filter(({ type }) => type === 'publisher-failed')).toEqual([]);
});

test('with details the message goes too, redacted', async () => {
  const { url, received } = await answering(204);
  const { health } = await failOnce({ url, details: true });
  await health.stop();
  expect(JSON.parse(received[0]?.body ?? '{}')).toMatchObject({
    data: { message: 'postgres://[redacted]@db/ is away' },
  });
});

test('is signed as Standard Webhooks has it', async () => {
  const { url, received } = await answering(204);
  const { health } = await failOnce({ url, secret: SECRET });
  await health.stop();
  const ids = received.map(({ headers, body }) => {
    const id = String(headers['webhook-id']);
    const timestamp = String(headers['webhook-timestamp']);
    expect(timestamp).toMatch(/^\d{10}$/);
    const signed = createHmac('sha256', KEY).update(`${id}.${timestamp}.${body}`).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${signed}`);
    return id;
  });
  expect(new Set(ids).size).toBe(2);
});

describe('what goes wrong is told without the URL', () => {
  test.each([
    [500, 'bad_response', /^unexpected status 500$/],
    [403, 'auth', /^unexpected status 403$/],
    [429, 'rate_limited', /^unexpected status 429$/],
    [302, 'bad_response', /^unexpected status 302; redirects are not followed/],
    [0, 'refused', /^no response: /],
  ])('%i', async (status, code, message) => {
    const { url, received } = await receiver((response) => {
      if (status === 0) response.destroy();
      else response.writeHead(status, { location: '/elsewhere', x: 'c4nary' }).end('c4nary');
    });
    const { health, events, failed } = await failOnce({ url, headers: { 'x-key': 'c4nary' } });
    await failed;
    expect(received).toHaveLength(1);
    const event = events.find(({ type }) => type === 'publisher-failed');
    expect(event).toMatchObject({ publisher: 'webhook', code });
    expect(event?.message).toMatch(message);
    await health.stop();
    expect(JSON.stringify(events)).not.toContain('c4nary');
  });

  test('a receiver that does not answer', async () => {
    const arrived = deferred();
    const { url } = await receiver(() => {
      arrived.resolve();
    });
    const { health, clock, events, failed } = await failOnce({ url, timeout: '3s' });
    await arrived.promise;
    await clock.advance(3_000);
    await failed;
    expect(events.at(-1)).toMatchObject({ type: 'publisher-failed', code: 'timeout' });
    const stopping = health.stop();
    await settle();
    await clock.advance(3_000);
    await stopping;
  });
});

test('every wrong option is named, and none quoted', () => {
  const wrong = {
    url: 'https://app:c4nary@hooks.example/',
    secret: 'whsec_c4nary',
    headers: { 'webhook-id': 'c4nary', 'x y': 'c4nary' },
    timeout: 0,
    detials: true,
  };
  let message = '';
  try {
    webhook(wrong);
  } catch (error) {
    message = (error as Error).message;
  }
  for (const option of [
    'url',
    'secret',
    'headers.webhook-id',
    'headers.x y',
    'timeout',
    'detials',
  ]) {
    expect(message).toContain(option);
  }
  expect(message).not.toContain('c4nary');
});
