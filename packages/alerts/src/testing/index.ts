// What a test of alerts needs: rules run on events in virtual time, and the services that channels
// talk to as they are on the wire.
export {
  type Double,
  type DoubleAnswer,
  type DoubleOptions,
  type DoubleRequest,
  type PagerDutyDouble,
  type PagerDutyDoubleIncident,
  type PagerDutyDoubleOptions,
  pagerdutyDouble,
  type ResendDouble,
  type ResendDoubleMail,
  type ResendDoubleOptions,
  resendDouble,
  type SendGridDouble,
  type SendGridDoubleMail,
  type SlackDouble,
  type SlackDoubleMessage,
  type SlackDoubleOptions,
  sendgridDouble,
  slackDouble,
  type Trouble,
} from './doubles/index.ts';
export { simulate } from './simulate.ts';
export type { At, SimulatedEvent, SimulatedSeries } from './simulate-events.ts';
export type {
  SimulatedAcknowledgement,
  SimulatedOutage,
  SimulatedSilence,
  SimulateOptions,
} from './simulate-options.ts';
export type {
  ExpectedAlert,
  SimulatedAlert,
  SimulatedNotification,
  SimulatedTransition,
  Simulation,
} from './simulation.ts';
