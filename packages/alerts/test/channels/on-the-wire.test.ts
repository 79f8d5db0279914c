import { TLSSocket } from 'node:tls';
import { HttpResponse, http } from 'msw/http';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { email, pagerduty, resend, sendgrid, slack } from '../../src/channels/index.ts';
import {
  pagerdutyDouble,
  resendDouble,
  sendgridDouble,
  slackDouble,
} from '../../src/testing/doubles/index.ts';
import { deliver, failureOf, notificationOf } from './fixtures.ts';

const server = setupServer();
beforeAll(() => server.listen({ onUnhandledFrame: 'error' }));
afterEach(async () => {
  server.resetHandlers();
  await closeDestroyedSockets();
});
afterAll(() => server.close());

const from = 'ops@example.com';
const to = 'ann@example.com';

/**
 * msw leaves the handles of TLS sockets that were destroyed open, which the tripwire takes for
 * sockets. Only destroyed ones: one that a channel left open is still found.
 */
async function closeDestroyedSockets(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  const handles: unknown[] = Reflect.apply(Reflect.get(process, '_getActiveHandles'), process, []);
  for (const socket of handles) {
    if (!(socket instanceof TLSSocket && socket.destroyed)) continue;
    (Reflect.get(socket, '_handle') as { close(): void } | null)?.close();
  }
}

/** Node's own fetch, with the double behind the network. */
function behind(address: string, fetch: typeof globalThis.fetch): void {
  server.use(http.all(address, ({ request }) => fetch(request)));
}

describe('by the fetch of Node', () => {
  it('slack', async () => {
    const double = slackDouble({ perSecond: 1_000_000 });
    behind('https://hooks.slack.com/*', double.fetch);
    behind('https://slack.com/*', double.fetch);
    const { webhookUrl, token, channel } = double;
    await deliver(slack({ webhookUrl }), notificationOf());
    const bot = slack({ token, channel });
    const previous = await deliver(bot, notificationOf());
    await deliver(bot, notificationOf({ kind: 'repeat' }), { previous });
    expect(double.messages).toHaveLength(3);
    expect(double.requests[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': '@ops/alerts',
    });
  });

  it('pagerduty', async () => {
    const double = pagerdutyDouble();
    behind('https://events.pagerduty.com/*', double.fetch);
    await deliver(pagerduty({ routingKey: double.routingKey }), notificationOf());
    expect(double.open()).toHaveLength(1);
  });

  it('resend', async () => {
    const double = resendDouble();
    behind('https://api.resend.com/*', double.fetch);
    const mail = email({ via: resend({ apiKey: double.apiKey }), from, to });
    await deliver(mail, notificationOf());
    await deliver(mail, notificationOf());
    expect(double.mails).toHaveLength(1);
  });

  it('sendgrid', async () => {
    const double = sendgridDouble();
    behind('https://api.sendgrid.com/*', double.fetch);
    await deliver(email({ via: sendgrid({ apiKey: double.apiKey }), from, to }), notificationOf());
    expect(double.mails).toHaveLength(1);
  });

  it('tells a broken connection from an answer', async () => {
    const { webhookUrl } = slackDouble();
    server.use(http.post(webhookUrl, () => HttpResponse.error()));
    expect(await failureOf(deliver(slack({ webhookUrl }), notificationOf()))).toMatchObject({
      retryable: true,
      status: undefined,
    });
    const retryAfter = { headers: { 'retry-after': '30' } };
    server.use(http.post(webhookUrl, () => new HttpResponse('', { status: 429, ...retryAfter })));
    expect(await failureOf(deliver(slack({ webhookUrl }), notificationOf()))).toMatchObject({
      retryable: true,
      status: 429,
      retryAfterMs: 30_000,
    });
  });
});
