// Who may send.
export { type IngestAuth, type IngestCredentials, keys, type WriteKey } from './auth.ts';
export { createIngestHandler, type IngestHandler } from './create-ingest-handler.ts';
// What is told to onEvent and onReject.
export type { IngestNotice } from './notice.ts';
export type {
  CorsOptions,
  IngestLimits,
  IngestOptions,
  RateLimitOptions,
} from './options.ts';
export type { Rejection } from './rejection.ts';
export type { RequestRefusalReason } from './request-refusal.ts';
// Where events go; write your own, or use '@ops/telemetry/postgres'.
export type { EventSink, IngestEvent, SinkOutcome } from './sink.ts';
export type { IngestStats } from './tally.ts';
export type { EventRejectReason } from './validate-event.ts';
