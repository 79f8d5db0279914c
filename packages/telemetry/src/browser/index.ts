export type { BeforeSend, OutgoingEvent } from '../client/before-send.ts';
export type { RefusalReason } from '../client/drop.ts';
export type { RedactKeys } from '../client/redact.ts';
export type { SampleRates } from '../client/sample.ts';
export type {
  ConsentState,
  EventContext,
  FlushOptions,
  ShutdownOptions,
  Tracker,
} from '../client/telemetry.ts';
export { createTelemetry } from './create-telemetry.ts';
// What was lost, and why.
export type { BrowserDropReason } from './drop-reason.ts';
// What is optional, and costs no byte where it is not imported.
export type { EventStore, StoredEvent } from './event-store.ts';
export { type LocalStoreOptions, localStore } from './local-store.ts';
export type {
  BrowserBatchOptions,
  BrowserQueueOptions,
  BrowserRetryOptions,
  BrowserTelemetryOptions,
} from './options.ts';
export type { Page, PageEvent } from './page.ts';
export { redactKeys } from './redact.ts';
export type { BrowserDropNotice, LossDetails } from './reporter.ts';
export { type Sampler, sampled } from './sampled.ts';
export type { BrowserReport, BrowserStats, BrowserTelemetry } from './telemetry.ts';
export type { Replace } from './to-json.ts';
