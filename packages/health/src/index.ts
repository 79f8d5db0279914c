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
  Measurement,
  Outcome,
  OutcomeCode,
  Status,
} from './check.ts';
export { CheckFailedError } from './errors.ts';
// What comes out.
export type { ChangeEvent, GroupChangeEvent, HealthEvent } from './events.ts';
export {
  type CheckOptions,
  createHealth,
  type DrainOptions,
  type GroupIn,
  type Health,
} from './health.ts';
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
export type { CheckState, HealthReport } from './report.ts';
