// Watching events, and telling people.

// Everything that is thrown.
export { InvalidOptionsError } from '@ops/timeout';
// What an alert is.
export type {
  Acknowledgement,
  Alert,
  AlertState,
  ErrorSample,
  Labels,
  SeriesState,
  Severity,
} from './alert.ts';
// The object that watches, and what it is asked and tells.
export type {
  AcknowledgeOptions,
  Alerts,
  AlertsStatus,
  ChannelStatus,
  CloseReport,
  DeliveryReport,
  EventLabels,
  FlushOptions,
  HistoryOptions,
  ResolveOptions,
  SeriesStatus,
  SilenceOptions,
  UndeliveredMessage,
} from './alerts.ts';
// What to implement for a channel or a logger of one's own.
export type { Channel, ChannelRate, Json, SendContext } from './channel.ts';
export { type BeatNames, createAlerts } from './create-alerts.ts';
export {
  AlertBusyError,
  AlertNotFoundError,
  AlertsClosedError,
  DeliveryError,
  type DeliveryErrorOptions,
} from './errors.ts';
export type { AlertsEvent, MessageSummary } from './events.ts';
export type { FingerprintOption } from './fingerprint.ts';
export type { Logger } from './logger.ts';
export type { Notification, NotificationKind } from './notification.ts';
// Who is told, and when.
export type { Inhibition } from './notify/inhibition.ts';
export type { MuteWindow } from './notify/mute-window.ts';
export type { EscalationStep, RepeatBackoff, Route } from './notify/route.ts';
export type { AlertsOptions, Channels, CloseOptions, DeliveryOptions, Rules } from './options.ts';
// What a rule is.
export type { Rule, RuleEvent, Verdict } from './rule.ts';
// Rules.
export { type AnomalyRule, anomaly } from './rules/anomaly.ts';
export type { AnomalyOptions } from './rules/anomaly-options.ts';
export { type BurnRateRule, burnRate } from './rules/burn-rate.ts';
export type { BurnRateOptions } from './rules/burn-rate-options.ts';
export { type FailuresRule, failures } from './rules/failures.ts';
export type { FailuresOptions } from './rules/failures-options.ts';
export { type FirstSeenRule, firstSeen } from './rules/first-seen.ts';
export type { FirstSeenOptions } from './rules/first-seen-options.ts';
export { type HeartbeatOptions, type HeartbeatRule, heartbeat } from './rules/heartbeat.ts';
export type {
  CommonRuleOptions,
  EventFilter,
  FilterOptions,
  SplitLabel,
  SplitOptions,
} from './rules/rule-options.ts';
export type { SeverityLadder } from './rules/severity-ladder.ts';
export { type SpikeRule, type SpikeState, spike } from './rules/spike.ts';
export type { SpikeOptions } from './rules/spike-options.ts';
export type { AlertMatch, OneOrMore, Silence } from './silence.ts';
export type { HealthTransition, RecordedEvent } from './sinks.ts';
export { type MemoryStoreOptions, memoryStore } from './store/memory.ts';
// Where the state is.
export type { Store, StoreSession } from './store.ts';
