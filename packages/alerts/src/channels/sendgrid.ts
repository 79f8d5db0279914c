import { parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { DeliveryError } from '../errors.ts';
import {
  apiKey,
  type ConnectionOptions,
  connectionOf,
  connectionShape,
} from './connection-options.ts';
import { type Answer, postJson, refused } from './http-post.ts';
import type { Mail, MailTransport } from './mail.ts';

/** Options of `sendgrid()`. */
export interface SendGridOptions extends ConnectionOptions {
  /** `SG.…`, with the permission `mail.send`. A secret. */
  readonly apiKey: string;
  /**
   * Where mails are processed; `eu` needs a subuser of that region.
   * @default 'global'
   */
  readonly region?: 'global' | 'eu' | undefined;
}

const schema = z.strictObject({
  apiKey,
  region: z.enum(['global', 'eu'], { error: "expected 'global' or 'eu'" }).optional(),
  ...connectionShape,
} satisfies Shape<SendGridOptions>);

const HOSTS = { global: 'api.sendgrid.com', eu: 'api.eu.sendgrid.com' };

/**
 * Mails through SendGrid. There is no idempotency key: when an answer is lost, the mail comes twice.
 * The notification's id and group are in `custom_args`, for its event webhook.
 *
 * 202 is a delivery to SendGrid. 429 is retried, after `X-RateLimit-Reset` where that is all it says.
 *
 * @throws InvalidOptionsError naming every wrong option, without the values.
 * @see https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send
 */
export function sendgrid(options: SendGridOptions): MailTransport {
  const parsed = parseOptions(schema, options, { of: 'sendgrid', secretKeys: 'all' });
  const connection = connectionOf(parsed);
  const url = `https://${HOSTS[parsed.region ?? 'global']}/v3/mail/send`;
  return Object.freeze<MailTransport>({
    kind: 'sendgrid',
    render: (mail) => JSON.stringify(bodyOf(mail)),
    async send(payload, context) {
      const answer = await postJson({
        to: 'SendGrid',
        url,
        headers: { authorization: `Bearer ${parsed.apiKey}` },
        body: payload as string,
        connection,
        context,
      });
      // Its errors quote the request; the status says what it is.
      answer.discard();
      if (!answer.isOk) throw faultOf(answer);
    },
  });
}

function bodyOf({ from, to, subject, text, html, headers, notification, group }: Mail): object {
  const named = ({ address, name }: Mail['from']): object =>
    name === undefined ? { email: address } : { email: address, name };
  return {
    personalizations: [{ to: to.map(named) }],
    from: named(from),
    subject,
    // In this order: the plainest form first.
    content: [
      { type: 'text/plain', value: text },
      { type: 'text/html', value: html },
    ],
    headers,
    custom_args: { ops_notification: notification, ops_group: group },
  };
}

function faultOf(answer: Answer): DeliveryError {
  const reset = Number(answer.headers.get('x-ratelimit-reset') ?? Number.NaN) * 1_000;
  const isResetKnown = answer.status === 429 && !answer.headers.has('retry-after') && reset > 0;
  const retryAfterMs = isResetKnown ? Math.max(0, reset - answer.atMs) : undefined;
  return refused(answer, { retryAfterMs });
}
