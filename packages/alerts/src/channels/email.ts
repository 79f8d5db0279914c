import { parseOptions, type Shape, withMethods } from '@ops/timeout/options';
import * as z from 'zod';
import type { Channel } from '../channel.ts';
import { type MailTransport, mailOf } from './mail.ts';
import { mailAddress } from './mail-address.ts';

/** Options of `email()`. */
export interface EmailOptions {
  /** `resend()`, `sendgrid()`, `smtp()`, or your own. */
  readonly via: MailTransport;
  /** `ops@example.com` or `Ops <ops@example.com>`; must be one that the service lets you use. */
  readonly from: string;
  /** One address or a list of at most 50; all see each other. */
  readonly to: string | readonly string[];
}

/** Resend takes no more; the others take hundreds. */
const MAX_RECIPIENTS = 50;

const schema = z.strictObject({
  via: withMethods<MailTransport>('render', 'send'),
  from: mailAddress,
  to: z.union(
    [
      mailAddress.transform((address) => [address]),
      z.array(mailAddress).min(1).max(MAX_RECIPIENTS),
    ],
    { error: `expected an address or a list of 1 to ${MAX_RECIPIENTS}` },
  ),
} satisfies Shape<EmailOptions>);

/**
 * Sends each notification as a mail, in text and HTML. Mails of a group refer to the same thread.
 * Nothing out of an alert can add a header, an address or markup.
 *
 * Whether a mail can come twice is the service's affair: not with `resend()` within a day, with
 * `sendgrid()` and `smtp()` when an answer was lost (by SMTP with the same `Message-ID`, which many
 * mailboxes drop).
 *
 * @throws InvalidOptionsError naming every wrong option, without the values.
 */
export function email(options: EmailOptions): Channel {
  const { via, from, to } = parseOptions(schema, options, { of: 'email', secretKeys: 'all' });
  return Object.freeze<Channel>({
    kind: 'email',
    rate: via.rate,
    render: (notification) => via.render(mailOf(notification, from, to)),
    send: (payload, context) => via.send(payload, context),
  });
}
