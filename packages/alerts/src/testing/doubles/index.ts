// Services as they are on the wire: they check what comes, answer as the real ones do, keep what
// they took, and fail when told to.

export type { Double, DoubleAnswer, DoubleOptions, DoubleRequest, Trouble } from './double.ts';
export {
  type PagerDutyDouble,
  type PagerDutyDoubleIncident,
  type PagerDutyDoubleOptions,
  pagerdutyDouble,
} from './pagerduty-double.ts';
export {
  type ResendDouble,
  type ResendDoubleMail,
  type ResendDoubleOptions,
  resendDouble,
} from './resend-double.ts';
export { type SendGridDouble, type SendGridDoubleMail, sendgridDouble } from './sendgrid-double.ts';
export {
  type SlackDouble,
  type SlackDoubleMessage,
  type SlackDoubleOptions,
  slackDouble,
} from './slack-double.ts';
