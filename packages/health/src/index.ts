// The health of a service.

// Everything that is thrown.
export { InvalidOptionsError } from '@ops/timeout';
// What a check is, for checks of your own.
export type {
  Check,
  CheckContext,
  CheckFunction,
  CheckSpec,
  ExternalCheckSpec,
  Outcome,
} from './check.ts';
export type { CheckPolicy } from './check-policy.ts';
// What comes out.
export type { ResultTotals } from './check-record.ts';
export { createHealth } from './create-health.ts';
export { CheckFailedError } from './errors.ts';
export type {
  ChangeEvent,
  GroupChangeEvent,
  HealthEvent,
  PublisherFailedEvent,
  Transition,
} from './events.ts';
export type { Finding } from './finding.ts';
export type { CheckOptions, DrainOptions, GroupIn, Health, WatchOptions } from './health.ts';
export type {
  CheckDefaults,
  CheckName,
  Checks,
  GroupMembers,
  Groups,
  HealthOptions,
  InternalCheckName,
  ServiceInfo,
} from './health-options.ts';
export type { Sample } from './history.ts';
export type { Preset, StatusCodes } from './http/status-codes.ts';
export type { Measurement } from './measurement.ts';
// What tells others, made in ./publishers or by hand.
export type { PublishContext, Publisher } from './publishers/publisher.ts';
export type { CheckState, HealthReport, MeasurementState } from './report.ts';
export type { OutcomeCode, Status } from './status.ts';
