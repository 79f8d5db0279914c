// Who may send.
export { type IngestAuth, keys } from './auth.ts';
export { createIngestHandler } from './create-ingest-handler.ts';
export type { IngestLimits, IngestOptions } from './options.ts';
// What is told to onReject.
export type { Rejection } from './rejection.ts';
export type { RequestRefusalReason } from './request-refusal.ts';
// Where events go; write your own, or use '@ops/telemetry/postgres'.
export type { EventSink, IngestEvent, SinkOutcome } from './sink.ts';
export type { EventRejectReason } from './validate-event.ts';
