// What happens to an event on its way.
export type { BeforeSend, OutgoingEvent } from '../client/before-send.ts';
// What was lost, and why.
export type { DropNotice, DropReason, LossReason, RefusalReason } from '../client/drop.ts';
export type { OverflowPolicy } from '../client/event-queue.ts';
export type { TelemetryLogger } from '../client/loss-warner.ts';
export type { RedactKeys } from '../client/redact.ts';
export type { SampleRates } from '../client/sample.ts';
export type {
  ConsentState,
  DeliveryReport,
  EventContext,
  FlushOptions,
  ReadyOptions,
  ShutdownOptions,
  Telemetry,
  TelemetryStats,
  Tracker,
} from '../client/telemetry.ts';
export { createTelemetry } from './create-telemetry.ts';
// The books as metrics.
export {
  type InstrumentOptions,
  type Meter,
  type ObservableInstrument,
  type Observation,
  observeStats,
} from './observe-stats.ts';
export type {
  BatchOptions,
  QueueOptions,
  RetryOptions,
  TelemetryOptions,
} from './options.ts';
// The end of the process.
export { installShutdownHooks, type ShutdownHookOptions } from './shutdown-hooks.ts';
export type { WaitUntil } from './wait-until.ts';
