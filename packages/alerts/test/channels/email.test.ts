import { manualClock } from '@ops/timeout/testing';
import { describe, expect, it } from 'vitest';
import { email, type MailTransport, resend, sendgrid } from '../../src/channels/index.ts';
import { resendDouble, sendgridDouble } from '../../src/testing/doubles/index.ts';
import { alertOf, deliver, endedAlert, failureOf, notificationOf } from './fixtures.ts';

const from = 'Ops <ops@example.com>';
const to = ['ann@example.com', '"Bob, the \\"boss\\"" <bob@example.com>'];

function viaResend(): {
  readonly clock: ReturnType<typeof manualClock>;
  readonly double: ReturnType<typeof resendDouble>;
  readonly mail: ReturnType<typeof email>;
} {
  const clock = manualClock();
  const double = resendDouble({ clock });
  const { apiKey, fetch } = double;
  return { clock, double, mail: email({ via: resend({ apiKey, fetch, clock }), from, to }) };
}

function viaSendGrid(): {
  readonly clock: ReturnType<typeof manualClock>;
  readonly double: ReturnType<typeof sendgridDouble>;
  readonly mail: ReturnType<typeof email>;
} {
  const clock = manualClock();
  const double = sendgridDouble({ clock });
  const { apiKey, fetch } = double;
  return { clock, double, mail: email({ via: sendgrid({ apiKey, fetch, clock }), from, to }) };
}

describe('email', () => {
  it('tells the same in text and HTML', async () => {
    const { double, mail } = viaResend();
    const firing = [alertOf({ acknowledged: { by: 'ann', at: '', note: 'on it' } })];
    const resolved = [endedAlert({ id: 'b', rule: 'partners', key: 'shopify' })];
    await deliver(mail, notificationOf({ firing, resolved, lines: ['one <b>'], degraded: true }));
    const [taken] = double.mails;
    expect(taken).toMatchObject({
      from: '"Ops" <ops@example.com>',
      to: ['ann@example.com', '"Bob, the \\"boss\\"" <bob@example.com>'],
      subject: 'FIRING (high): errorSpike in billing (production)',
    });
    expect(
      taken?.text,
    ).toBe(`FIRING (high): errorSpike in billing (production): 142 errors in the last 1h, over 100

errorSpike: high, since 2026-01-01 00:00:00 UTC, taken by ann: on it
  142 errors in the last 1h, over 100 (high over 200)
  3 × TypeError: x is not a function (/pay)
  Runbook: https://runbooks.example.com/spike?a=1&b=2

Ended:
- partners shopify (high) after 12m: 142 errors in the last 1h, over 100 (high over 200)

one <b>

Sent by one replica alone, while its store was out of reach: others may send the same.

2026-01-01 00:00:30 UTC
All alerts: https://ops.example.com/alerts
`);
    for (const part of [
      'errorSpike</strong>: high, since 2026-01-01 00:00:00 UTC, taken by ann: on it',
      '<li>3 × TypeError: x is not a function (/pay)</li>',
      '<a href="https://runbooks.example.com/spike?a=1&amp;b=2">Runbook</a>',
      '<li>one &lt;b&gt;</li>',
    ]) {
      expect(taken?.html).toContain(part);
    }
  });

  it('threads by group', async () => {
    const { clock, double, mail } = viaResend();
    await deliver(mail, notificationOf());
    await deliver(mail, notificationOf({ id: 'msg_2', kind: 'repeat' }));
    await clock.advance(1_000);
    await deliver(mail, notificationOf({ id: 'msg_3', group: 'g:other' }));
    await deliver(mail, notificationOf({ id: 'msg_4', kind: 'test' }));
    const [one, two, three, four] = double.mails.map(({ headers }) => headers['In-Reply-To']);
    expect(one).toMatch(/^<[\da-f]{32}@example\.com>$/);
    expect(two).toBe(one);
    expect(three).not.toBe(one);
    expect(four).toBe(undefined);
    expect(double.mails[0]?.headers).toMatchObject({ 'Auto-Submitted': 'auto-generated' });
  });

  it('counts what does not fit', async () => {
    const { double, mail } = viaResend();
    const firing = Array.from({ length: 60 }, (_, index) => alertOf({ id: `a${index}` }));
    await deliver(mail, notificationOf({ firing }));
    expect(double.mails[0]?.text).toContain('… and 10 more alerts');
    expect(double.mails[0]?.html).toContain('… and 10 more alerts');
  });

  it('links to nothing but web pages', async () => {
    const { double, mail } = viaResend();
    const runbook = 'javascript:alert(1)';
    await deliver(mail, notificationOf({ firing: [alertOf({ runbook })], url: 'file:///etc' }));
    expect(double.mails[0]?.html).not.toContain('href');
    expect(double.mails[0]?.text).toContain('Runbook: javascript:alert(1)');
  });

  it('takes a transport of one’s own', async () => {
    const payloads: unknown[] = [];
    const via: MailTransport = {
      kind: 'own',
      rate: { perSecond: 5 },
      render: ({ subject, messageId }) => ({ subject, messageId }),
      send: async (payload) => void payloads.push(payload),
    };
    const mail = email({ via, from, to });
    await deliver(mail, notificationOf());
    expect(mail.rate).toEqual({ perSecond: 5 });
    expect(payloads).toEqual([
      {
        subject: 'FIRING (high): errorSpike in billing (production)',
        messageId: '<msg_1@example.com>',
      },
    ]);
  });

  it.each([
    ['from', { from: 'ops', to }],
    ['from', { from: 'a@b.c\r\nBcc: x@y.z', to }],
    ['from', { from: 'Ops\n <a@b.c>', to }],
    ['from', { from: 'a@b.c, d@e.f', to }],
    ['from', { from: '\u202eOps <a@b.c>', to }],
    ['to', { from, to: [] }],
    ['to', { from, to: 'a@b.c;d@e.f' }],
    ['to', { from, to: Array.from({ length: 51 }, (_, index) => `a${index}@b.c`) }],
    ['to', { from, to: ['a@b.c', 'd'] }],
  ])('refuses a bad %s: %o', (name, addresses) => {
    const via = resend({ apiKey: 'key' });
    const refuse = (): unknown => email({ via, ...addresses });
    expect(refuse).toThrow(expect.objectContaining({ code: 'ERR_OPS_INVALID_OPTIONS' }));
    expect(refuse).toThrow(new RegExp(`email: ${name}`));
  });
});

describe('resend', () => {
  it('sends a mail once, however often it is tried', async () => {
    const { clock, double, mail } = viaResend();
    double.fail('lost-answer', 1);
    expect(await failureOf(deliver(mail, notificationOf()))).toMatchObject({
      retryable: true,
      message: 'Resend could not be reached (ECONNRESET)',
    });
    await clock.advance(1_000);
    await deliver(mail, notificationOf());
    expect(double.mails).toHaveLength(1);
    const [first, second] = double.requests;
    expect(first?.body).toBe(second?.body);
    expect(first?.headers['idempotency-key']).toBe('msg_1');
  });

  it('waits for the same request that is still under way', async () => {
    const { clock, double, mail } = viaResend();
    double.fail('slow', 1);
    const controller = new AbortController();
    const hanging = failureOf(deliver(mail, notificationOf(), { signal: controller.signal }));
    await expect.poll(() => double.requests.length).toBe(1);
    expect(await failureOf(deliver(mail, notificationOf()))).toMatchObject({
      status: 409,
      retryable: true,
      message: 'Resend answered 409: concurrent_idempotent_requests',
    });
    controller.abort();
    await hanging;
    await clock.advance(1_000);
    await deliver(mail, notificationOf());
    expect(double.mails).toHaveLength(1);
  });

  it('gives up when another mail went out by the same id', async () => {
    const { double, mail } = viaResend();
    await deliver(mail, notificationOf());
    const other = notificationOf({ text: 'another' });
    expect(await failureOf(deliver(mail, other))).toMatchObject({
      status: 409,
      retryable: false,
      message: 'Resend answered 409: invalid_idempotent_request',
    });
    expect(double.mails).toHaveLength(1);
  });

  it('heeds the rate, and tells a quota from it', async () => {
    const { double, mail } = viaResend();
    await deliver(mail, notificationOf({ id: 'a' }));
    await deliver(mail, notificationOf({ id: 'b' }));
    expect(await failureOf(deliver(mail, notificationOf({ id: 'c' })))).toMatchObject({
      status: 429,
      retryable: true,
      retryAfterMs: 1_000,
    });
    for (const name of ['daily_quota_exceeded', 'monthly_quota_exceeded']) {
      double.fail({
        status: 429,
        body: JSON.stringify({ statusCode: 429, name, message: 're_x' }),
      });
      expect(await failureOf(deliver(mail, notificationOf({ id: 'c' })))).toMatchObject({
        retryable: false,
        retryAfterMs: undefined,
        message: `Resend answered 429: ${name}`,
      });
    }
  });

  it.each([
    [400, 'invalid_idempotency_key', false],
    [401, 'missing_api_key', false],
    [403, 'invalid_api_key', false],
    [422, 'validation_error', false],
    [500, 'application_error', true],
    [503, 'x', true],
  ])('%d %s: retryable is %s', async (status, name, retryable) => {
    const { double, mail } = viaResend();
    double.fail({ status, body: JSON.stringify({ statusCode: status, name, message: 'why' }) });
    expect(await failureOf(deliver(mail, notificationOf()))).toMatchObject({ status, retryable });
  });

  it('is told of a wrong key', async () => {
    const { double } = viaResend();
    const mail = email({ via: resend({ apiKey: 're_other', fetch: double.fetch }), from, to });
    expect(await failureOf(deliver(mail, notificationOf()))).toMatchObject({ status: 403 });
    expect(() => resend({ apiKey: 's3cr3t key' })).toThrow('apiKey');
    expect(() => resend({ apiKey: 's3cr3t key' })).not.toThrow('s3cr3t');
  });
});

describe('sendgrid', () => {
  it('sends text before HTML, and says what the mail is about', async () => {
    const { double, mail } = viaSendGrid();
    await deliver(mail, notificationOf());
    expect(double.mails).toMatchObject([
      {
        from: 'ops@example.com',
        to: ['ann@example.com', 'bob@example.com'],
        subject: 'FIRING (high): errorSpike in billing (production)',
        customArgs: { ops_notification: 'msg_1', ops_group: 'g:1a2b/rule=errorSpike' },
      },
    ]);
    expect(double.requests[0]).toMatchObject({ status: 202 });
    expect(double.requests[0]?.body).toContain('"name":"Bob, the \\"boss\\""');
  });

  it('waits until the rate is reset', async () => {
    const { clock, double, mail } = viaSendGrid();
    clock.jump(1_000 - (clock.now() % 1_000));
    double.fail('rate-limited');
    expect(await failureOf(deliver(mail, notificationOf()))).toMatchObject({
      status: 429,
      retryable: true,
      retryAfterMs: 1_000,
    });
  });

  it.each([
    ['server-error', true],
    ['down', true],
    ['lost-answer', true],
    [{ status: 400, body: '{}' }, false],
    [{ status: 401, body: '{}' }, false],
    [{ status: 413, body: '' }, false],
  ] as const)('%o: retryable is %s', async (trouble, retryable) => {
    const { double, mail } = viaSendGrid();
    double.fail(trouble);
    expect(await failureOf(deliver(mail, notificationOf()))).toMatchObject({ retryable });
  });

  it('goes to the region, and is told of a wrong key', async () => {
    const { double } = viaSendGrid();
    const via = sendgrid({ apiKey: 'SG.other', region: 'eu', fetch: double.fetch });
    const error = await failureOf(deliver(email({ via, from, to }), notificationOf()));
    expect(error).toMatchObject({ status: 401, retryable: false });
    expect(double.requests[0]?.url).toBe('https://api.eu.sendgrid.com/v3/mail/send');
    expect(() => sendgrid({ apiKey: 'x', region: 'mars' as never })).toThrow('region');
  });
});
