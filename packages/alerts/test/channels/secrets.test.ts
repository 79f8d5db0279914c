import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Channel } from '../../src/channel.ts';
import {
  email,
  pagerduty,
  resend,
  sendgrid,
  slack,
  smtp,
  webhook,
} from '../../src/channels/index.ts';
import { refusalOf } from '../refusal.ts';
import { contextOf, failureOf, notificationOf } from './fixtures.ts';

const WORD = 's3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3';
const from = 'ops@example.com';
const to = 'ann@example.com';

const CHANNELS: Readonly<Record<string, (fetch: typeof globalThis.fetch) => Channel>> = {
  'slack webhook': (fetch) =>
    slack({ webhookUrl: `https://hooks.slack.com/services/${WORD}`, fetch }),
  'slack bot': (fetch) => slack({ token: WORD, channel: 'C1', fetch }),
  pagerduty: (fetch) => pagerduty({ routingKey: WORD, fetch }),
  resend: (fetch) => email({ via: resend({ apiKey: WORD, fetch }), from, to }),
  sendgrid: (fetch) => email({ via: sendgrid({ apiKey: WORD, fetch }), from, to }),
  webhook: (fetch) =>
    webhook({
      url: `https://example.com/${WORD}`,
      secret: `whsec_${Buffer.from(WORD).toString('base64')}`,
      headers: { authorization: `Bearer ${WORD}` },
      fetch,
    }),
};

/** Services and proxies that repeat all they were sent. */
const ECHOES: readonly ((...request: Parameters<typeof globalThis.fetch>) => Promise<Response>)[] =
  [
    async (...request) => {
      const cause = Object.assign(new Error(`connect ${saidIn(request)}`), {
        code: 'ECONNREFUSED',
        hostname: WORD,
      });
      throw new TypeError(`fetch ${saidIn(request)} failed`, { cause });
    },
    ...[200, 302, 400, 401, 404, 429, 500].map(
      (status) =>
        async (...request: Parameters<typeof globalThis.fetch>) => {
          const said = saidIn(request);
          const body = JSON.stringify({ ok: false, error: said, name: said, message: said });
          return new Response(body, { status, headers: { location: WORD, 'retry-after': WORD } });
        },
    ),
    async () => new Response(WORD, { status: 403 }),
    async () => new Response(JSON.stringify({ ok: false, error: WORD, name: WORD })),
  ];

function saidIn(request: Parameters<typeof globalThis.fetch>): string {
  return `${WORD} ${inspect(request, { depth: 5, maxStringLength: null })}`;
}

function everythingOf(value: unknown): string {
  return [
    inspect(value, { depth: 20, showHidden: true }),
    String(value),
    JSON.stringify(value),
    value instanceof Error ? value.stack : '',
  ].join('\n');
}

describe('secrets', () => {
  it.each(Object.entries(CHANNELS))('of %s are nowhere to be seen', async (_name, create) => {
    for (const echo of ECHOES) {
      const channel = create(echo);
      const payload = channel.render?.(notificationOf()) ?? null;
      expect(everythingOf([channel, payload])).not.toContain(WORD);
      const sent = Promise.resolve(channel.send(payload, contextOf()));
      const outcome = await sent.then(
        () => 'delivered',
        (error: unknown) => everythingOf(error),
      );
      expect(outcome).not.toContain(WORD);
    }
  });

  it('are not carried to where a redirect points', async () => {
    for (const create of Object.values(CHANNELS)) {
      const calls: RequestInit[] = [];
      const channel = create(async (_url, init) => {
        calls.push(init as RequestInit);
        return new Response(null, { status: 308, headers: { location: 'https://evil.example' } });
      });
      const payload = channel.render?.(notificationOf()) ?? null;
      const sending = Promise.resolve(channel.send(payload, contextOf()));
      expect(await failureOf(sending)).toMatchObject({ retryable: false, status: 308 });
      expect(calls).toHaveLength(1);
      expect(calls[0]?.redirect).toBe('manual');
    }
  });

  it('given to email() instead of a transport are not repeated by its refusal', () => {
    for (const options of [
      { via: WORD, from, to },
      { via: resend({ apiKey: 're_1' }), apiKey: WORD, from, to },
    ]) {
      const refusal = refusalOf(() => email(options as unknown as Parameters<typeof email>[0]));
      expect(everythingOf(refusal)).not.toContain(WORD);
    }
  });

  it('of smtp are nowhere to be seen', async () => {
    const transport = {
      sendMail: () =>
        Promise.reject(
          Object.assign(new Error(`535 ${WORD}`), {
            code: 'EAUTH',
            responseCode: 535,
            response: `535 5.7.8 ${WORD}`,
            command: WORD,
          }),
        ),
    };
    const mail = email({ via: smtp({ transport }), from, to });
    const payload = mail.render?.(notificationOf()) ?? null;
    const error = await failureOf(Promise.resolve(mail.send(payload, contextOf())));
    expect(error.message).toBe('SMTP: the server answered 535 5.7.8 (EAUTH)');
    expect(everythingOf(error)).not.toContain(WORD);
    const via = smtp({ host: 'mail.example.com', user: 'ops', password: WORD });
    expect(everythingOf([via, email({ via, from, to })])).not.toContain(WORD);
  });
});
