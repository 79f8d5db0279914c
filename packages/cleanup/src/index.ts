export { InvalidOptionsError } from '@ops/timeout';
export type { ForeignKey } from './catalog.ts';
export { type Cleanup, createCleanup } from './cleanup.ts';
export type { CleanupClient, CleanupPool } from './database.ts';
export { PolicyFailedError } from './errors.ts';
export type {
  BatchEvent,
  BatchFailedEvent,
  CleanupEvent,
  PolicyEndedEvent,
  PolicyStartedEvent,
  RowBlockedEvent,
} from './events.ts';
export type { Budget, CleanupOptions, Pace, PlanOptions, RunOptions } from './options.ts';
export type { CleanupPlan, PolicyPlan, Refusal, RefusalCode, RowCount } from './plan.ts';
export type { CleanupPolicy, OlderThan, OlderThanPolicy, PolicySafety } from './policy.ts';
export type {
  BatchStatistics,
  BlockedRow,
  CleanupReport,
  PolicyReport,
  StopReason,
} from './report.ts';
export { type SqlFragment, type SqlParameter, type SqlTag, sql } from './sql.ts';
