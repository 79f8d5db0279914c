export { createTelemetry } from './create-telemetry.ts';
// What was lost, and why.
export type { DropNotice, DropReason, RefusalReason } from './drop.ts';
export type { TelemetryLogger } from './loss-warner.ts';
export type {
  BatchOptions,
  EventContext,
  QueueOptions,
  RetryOptions,
  TelemetryOptions,
} from './options.ts';
export type {
  DeliveryReport,
  FlushOptions,
  ShutdownOptions,
  Telemetry,
  TelemetryStats,
  Tracker,
} from './telemetry.ts';
