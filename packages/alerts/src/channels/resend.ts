import { createHash } from 'node:crypto';
import { parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { DeliveryError } from '../errors.ts';
import {
  apiKey,
  type ConnectionOptions,
  connectionOf,
  connectionShape,
} from './connection-options.ts';
import { type Answer, errorName, parseObject, postJson, refused } from './http-post.ts';
import type { MailTransport } from './mail.ts';
import { formatAddress } from './mail-address.ts';

/** Options of `resend()`. */
export interface ResendOptions extends ConnectionOptions {
  /** `re_…`, with the permission to send. A secret. */
  readonly apiKey: string;
}

const schema = z.strictObject({ apiKey, ...connectionShape } satisfies Shape<ResendOptions>);

/** Two requests a second for a team; a tenth less, because requests take unequally long to arrive. */
const RATE = { perSecond: 1.8 };

/** Names of errors that say by themselves whether trying again makes sense, whatever the status. */
const RETRYABLE: Readonly<Record<string, boolean>> = {
  // The same key is being worked on, by an attempt that we gave up.
  concurrent_idempotent_requests: true,
  // Another mail went out by this key.
  invalid_idempotent_request: false,
  rate_limit_exceeded: true,
  // Not a matter of waiting a moment: given up, so that other channels hear of it.
  daily_quota_exceeded: false,
  monthly_quota_exceeded: false,
};

/**
 * Mails through Resend. The `Idempotency-Key` is the notification's id, and the request has the same
 * bytes at every attempt, so for 24 hours a mail cannot come twice.
 *
 * @throws InvalidOptionsError naming every wrong option, without the values.
 * @see https://resend.com/docs/api-reference/emails/send-email
 */
export function resend(options: ResendOptions): MailTransport {
  const parsed = parseOptions(schema, options, { of: 'resend', secretKeys: 'all' });
  const connection = connectionOf(parsed);
  return Object.freeze<MailTransport>({
    kind: 'resend',
    rate: RATE,
    // As text: a store may put the keys of an object into another order.
    render: ({ from, to, subject, text, html, headers }) =>
      JSON.stringify({
        from: formatAddress(from),
        to: to.map(formatAddress),
        subject,
        text,
        html,
        headers,
      }),
    async send(payload, context) {
      const answer = await postJson({
        to: 'Resend',
        url: 'https://api.resend.com/emails',
        headers: {
          authorization: `Bearer ${parsed.apiKey}`,
          'idempotency-key': idempotencyKey(context.id),
        },
        body: payload as string,
        connection,
        context,
      });
      if (!answer.isOk) throw await faultOf(answer);
      answer.discard();
    },
  });
}

async function faultOf(answer: Answer): Promise<DeliveryError> {
  const name = errorName(parseObject(await answer.text())['name']);
  const retryable =
    name !== undefined && Object.hasOwn(RETRYABLE, name) ? RETRYABLE[name] : undefined;
  return refused(answer, { detail: name, retryable });
}

/** At most 256 characters, and fit for a header. */
function idempotencyKey(id: string): string {
  return /^[\x21-\x7e]{1,256}$/.test(id) ? id : createHash('sha256').update(id).digest('hex');
}
