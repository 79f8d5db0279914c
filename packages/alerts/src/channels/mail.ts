import { createHash } from 'node:crypto';
import { domainToASCII } from 'node:url';
import type { ChannelRate, Json, SendContext } from '../channel.ts';
import type { Notification } from '../notification.ts';
import { headline } from './headline.ts';
import type { MailAddress } from './mail-address.ts';
import { mailHtml } from './mail-html.ts';
import { mailText } from './mail-text.ts';
import { oneLine } from './plain-text.ts';

/** A mail, ready but for the form that a service wants. Every field is free of line breaks but the bodies. */
export interface Mail {
  readonly from: MailAddress;
  readonly to: readonly MailAddress[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** With angle brackets; the same through all retries. */
  readonly messageId: string;
  /** Besides those above: what makes mails of a group one thread, and keeps auto-responders quiet. */
  readonly headers: Readonly<Record<string, string>>;
  /** For services that let a mail be found again by what it is about. */
  readonly notification: string;
  readonly group: string;
}

/** What carries mails: `resend()`, `sendgrid()`, `smtp()`, or your own. */
export interface MailTransport {
  /** What it is, for logs: `resend`. */
  readonly kind: string;
  readonly rate?: ChannelRate | undefined;
  /** Makes what is stored and sent, once for all attempts. Pure. */
  render(mail: Mail): Json;
  /** As `send` of a channel. */
  send(payload: Json, context: SendContext): Promise<Json | undefined | void>;
}

const ALONE = new Set(['digest', 'undelivered', 'test']);

/**
 * All mails of a group refer to one Message-ID that is made from the group and that no mail has, so
 * clients show them as one thread whichever came first, or did not come at all.
 */
export function mailOf(
  notification: Notification,
  from: MailAddress,
  to: readonly MailAddress[],
): Mail {
  const { id, kind, group, service, environment } = notification;
  const host = from.address.slice(from.address.lastIndexOf('@') + 1);
  // Empty for what is no domain; ids need one, whichever it is.
  const domain = domainToASCII(host) || 'ops-alerts.invalid';
  const thread = `<${hashOf(`${service}/${environment}/${group}`)}@${domain}>`;
  return {
    from,
    to,
    subject: headline(notification, 200),
    text: mailText(notification),
    html: mailHtml(notification),
    messageId: `<${/^[\w.-]{1,64}$/.test(id) ? id : hashOf(id)}@${domain}>`,
    headers: {
      ...(!ALONE.has(kind) && { 'In-Reply-To': thread, References: thread }),
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
    },
    notification: oneLine(id, 200),
    group: oneLine(group, 500),
  };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text.toWellFormed()).digest('hex').slice(0, 32);
}
