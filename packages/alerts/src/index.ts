// Watching errors.

// Everything that is thrown.
export { InvalidOptionsError } from '@ops/timeout';
// What an alert is, and what is told of it.
export type { Alert, AlertState, ErrorSample, Severity } from './alert.ts';
// What to implement for a channel or a logger of one's own.
export type { Channel, SendContext } from './channel.ts';
export {
  type Alerts,
  type CloseReport,
  createAlerts,
  type ErrorLabels,
} from './create-alerts.ts';
export { DeliveryError, type DeliveryErrorOptions } from './errors.ts';
export type { AlertsEvent } from './events.ts';
export type { Logger } from './logger.ts';
export type { Message, MessageKind } from './message.ts';
export type { AlertsOptions, CloseOptions, DeliveryOptions } from './options.ts';
export type { Route, RouteMatch } from './routing.ts';
export type { Rule, RuleEvent, Verdict } from './rule.ts';
// Rules, and what a rule is.
export { type SpikeRule, type SpikeState, spike } from './spike.ts';
export type { SeverityLadder, SpikeOptions } from './spike-options.ts';
