// Where alerts go.

export type { ConnectionOptions } from './connection-options.ts';
export { type EmailOptions, email } from './email.ts';
export { log } from './log.ts';
// What carries mails, for services of your own.
export type { Mail, MailTransport } from './mail.ts';
export type { MailAddress } from './mail-address.ts';
export { pagerduty } from './pagerduty.ts';
export type { PagerDutyOptions } from './pagerduty-options.ts';
export { type ResendOptions, resend } from './resend.ts';
export { type SendGridOptions, sendgrid } from './sendgrid.ts';
export { slack } from './slack.ts';
export type { SlackBotOptions, SlackOptions, SlackWebhookOptions } from './slack-options.ts';
export { smtp } from './smtp.ts';
export type {
  MailSender,
  SmtpOptions,
  SmtpServerOptions,
  SmtpTransportOptions,
} from './smtp-options.ts';
export { webhook } from './webhook.ts';
export type { WebhookOptions } from './webhook-options.ts';
