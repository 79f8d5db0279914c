import { manualClock } from '@ops/timeout/testing';
import { describe, expect, it } from 'vitest';
import { resendDouble, sendgridDouble } from '../../../src/testing/doubles/index.ts';

const MAIL = { from: 'Ops <ops@example.com>', to: 'ann@example.com', subject: 'x', text: 'y' };

async function resend(
  double: ReturnType<typeof resendDouble>,
  mail: object,
  headers: Record<string, string> = {},
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: unknown }> {
  const response = await double.fetch('https://api.resend.com/emails', {
    method: 'POST',
    headers: { authorization: `Bearer ${double.apiKey}`, ...headers },
    body: JSON.stringify(mail),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

describe('resendDouble', () => {
  it('takes a request with the same key once within 24 hours', async () => {
    const clock = manualClock();
    const double = resendDouble({ clock });
    const key = { 'idempotency-key': 'k' };
    const first = await resend(double, MAIL, key);
    const again = await resend(double, MAIL, key);
    expect(again).toMatchObject({ status: 200, body: first.body });
    await clock.advance(1_000);
    expect(await resend(double, { ...MAIL, text: 'z' }, key)).toMatchObject({
      status: 409,
      body: { statusCode: 409, name: 'invalid_idempotent_request' },
    });
    expect(double.mails).toHaveLength(1);
    await clock.advance(86_400_000);
    expect(await resend(double, { ...MAIL, text: 'z' }, key)).toMatchObject({ status: 200 });
    await resend(double, MAIL);
    await clock.advance(1_000);
    await resend(double, MAIL);
    expect(double.mails).toHaveLength(4);
  });

  it('takes two requests a second, and says so in headers', async () => {
    const double = resendDouble({ clock: manualClock() });
    const first = await resend(double, MAIL);
    expect(Object.fromEntries(first.headers)).toMatchObject({
      'ratelimit-limit': '2',
      'ratelimit-remaining': '1',
    });
    await resend(double, MAIL);
    const third = await resend(double, MAIL);
    expect(third).toMatchObject({ status: 429, body: { name: 'rate_limit_exceeded' } });
    expect(third.headers.get('retry-after')).toBe('1');
    expect(double.mails).toHaveLength(2);
  });

  it.each<[number, string, object, Record<string, string>]>([
    [403, 'invalid_api_key', MAIL, { authorization: 'Bearer x' }],
    [400, 'invalid_idempotency_key', MAIL, { 'idempotency-key': 'x'.repeat(257) }],
    [422, 'missing_required_field', { ...MAIL, to: undefined }, {}],
    [422, 'missing_required_field', { ...MAIL, text: undefined }, {}],
    [422, 'validation_error', { ...MAIL, from: 'ops' }, {}],
    [422, 'validation_error', { ...MAIL, to: ['a@b.c\r\nBcc: d@e.f'] }, {}],
    [422, 'validation_error', { ...MAIL, to: Array.from({ length: 51 }, () => 'a@b.c') }, {}],
    [422, 'validation_error', { ...MAIL, subject: 'a\nb' }, {}],
    [422, 'validation_error', { ...MAIL, headers: { 'X-A': 'a\r\nb' } }, {}],
    [422, 'validation_error', [], {}],
  ])('answers %d %s', async (status, name, mail, headers) => {
    const double = resendDouble();
    expect(await resend(double, mail, headers)).toMatchObject({ status, body: { name } });
    expect(double.mails).toEqual([]);
  });
});

const SENDGRID_MAIL = {
  personalizations: [{ to: [{ email: 'ann@example.com', name: 'Ann' }] }],
  from: { email: 'ops@example.com' },
  subject: 'x',
  content: [
    { type: 'text/plain', value: 'y' },
    { type: 'text/html', value: '<p>y</p>' },
  ],
};

async function sendgrid(
  double: ReturnType<typeof sendgridDouble>,
  mail: object,
  apiKey: string = double.apiKey,
): Promise<{ readonly status: number; readonly headers: Headers; readonly text: string }> {
  const response = await double.fetch('https://api.sendgrid.com/v3/mail/send', {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}` },
    body: JSON.stringify(mail),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

describe('sendgridDouble', () => {
  it('answers 202 without a body, and takes the same mail twice', async () => {
    const double = sendgridDouble();
    const { status, headers, text } = await sendgrid(double, SENDGRID_MAIL);
    expect([status, text]).toEqual([202, '']);
    expect(headers.get('x-message-id')).toBe(double.mails[0]?.id);
    await sendgrid(double, SENDGRID_MAIL);
    expect(double.mails).toMatchObject([
      { to: ['ann@example.com'], text: 'y', html: '<p>y</p>' },
      { to: ['ann@example.com'] },
    ]);
  });

  it('answers 401 to another key', async () => {
    expect(await sendgrid(sendgridDouble(), SENDGRID_MAIL, 'SG.x')).toMatchObject({ status: 401 });
  });

  it.each<[string, object]>([
    ['personalizations', { personalizations: [] }],
    ['personalizations.0.to.0.email', { personalizations: [{ to: [{ email: 'x' }] }] }],
    ['personalizations.0.to.0.email', { personalizations: [{}] }],
    [
      'personalizations.0.to.0.email',
      { personalizations: [{ to: Array.from({ length: 1_001 }, () => ({ email: 'a@b.c' })) }] },
    ],
    ['from.email', { from: { email: 'Ops <a@b.c>' } }],
    ['subject', { subject: '' }],
    ['subject', { subject: 'a\r\nb' }],
    ['content', { content: [] }],
    ['content', { content: [...SENDGRID_MAIL.content].toReversed() }],
    ['headers', { headers: { Subject: 'x' } }],
    ['headers', { headers: { 'X-A': 'a\nb' } }],
    ['custom_args', { custom_args: { a: 'x'.repeat(10_000) } }],
    ['custom_args', { custom_args: { a: 1 } }],
  ])('answers 400 and names %s', async (field, change) => {
    const double = sendgridDouble();
    const { status, text } = await sendgrid(double, { ...SENDGRID_MAIL, ...change });
    expect(status).toBe(400);
    const { errors } = JSON.parse(text) as { readonly errors: readonly { field: string }[] };
    expect(errors.map((error) => error.field)).toContain(field);
    expect(double.mails).toEqual([]);
  });
});
